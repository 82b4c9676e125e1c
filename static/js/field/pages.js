/* Ordinary pages of somebody who visits: the visit form, the outbox, and the number of what waits on every page.

   body[data-user]                 whose drafts these are
   form[data-outbox]               a visit form (form.js); data-outbox-next: where to go when it has been sent,
                                   data-outbox-at: the outbox
   [data-outbox-list]              components/outbox.html

   The key is asked for only where there is something to open. Without it, on plain http or an old browser, the forms are
   ordinary forms and say that nothing is kept. */

import { bindForm } from "./form.js";
import { hasOld, migrate } from "./migrate.js";
import { outboxOf } from "./outbox.js";
import { showCount, showOutbox, tellCount, waiting } from "./outbox_view.js";
import { openVault } from "./vault.js";

const user = Number(document.body.dataset.user || 0);
const form = document.querySelector("form[data-outbox]");
const list = document.querySelector("[data-outbox-list]");

const touched = new Set(); // what is written before the key is there

if (form) {
  form.addEventListener("input", ({ target }) => touched.add(target.name));
}

async function begin() {
  const number = waiting(user);
  showCount(number);
  if (!form && !list && !number && !(await hasOld())) {
    return;
  }
  let vault;
  try {
    vault = await openVault();
  } catch (locked) {
    unopened(locked);
    return;
  }
  if (vault.user !== user) {
    vault.close();
    unopened({ reason: "other" }); // somebody else has signed in since this page was made
    return;
  }
  await migrate(vault);
  const outbox = outboxOf(vault);
  tellCount(vault);
  if (list) {
    showOutbox(list, vault, { open: (item) => item.page || `/visits/add/?child=${item.child}` });
  }
  if (form) {
    await bindForm(form, {
      vault,
      touched,
      onSent: () => location.assign(form.dataset.outboxNext || "/"),
      onConflict: () => location.assign(form.dataset.outboxAt || "/outbox/")
    });
  }
  outbox.start();
}

/* No key: nothing is shown as sent that may not be. */
function unopened(locked) {
  const saved = document.querySelector("[data-saved]");
  if (form && saved) {
    saved.querySelector("[data-saved-state]").textContent = saved.dataset.wordUnkept;
  }
  if (list) {
    list.querySelectorAll("[data-outbox-locked]").forEach((element) => {
      element.hidden = element.dataset.outboxLocked !== (locked.reason === "insecure" ? "insecure" : "");
    });
  }
}

if (user) {
  begin();
}
