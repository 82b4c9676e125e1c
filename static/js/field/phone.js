/* The vault's door: opening without a network, preparing the phone for it, forgetting everything. */

import { Locked, openVault, startOver } from "./vault.js";
import { fill, made, say, words } from "./view.js";

/* Why the vault is shut, and what opens it. `opened(vault)` is called when a password has, `again()` when the phone begins
   anew. */
export function showLocked(place, locked, { opened, again }) {
  const prepared = locked.accounts.filter((account) => account.wrap);
  const reason = locked.reason === "offline" && !prepared.length ? "nobody" : locked.reason;
  const view = made("view-locked", { to: "", link: "", ...(words.locked[reason] || words.locked.broken), problem: "" });
  const form = view.querySelector("[data-unlock]");
  const others = locked.accounts.filter((account) => !account.wrap).map((account) => account.name);
  fill(view, { others: others.length && prepared.length ? say(words.others, { names: others.join(", ") }) : "" });
  form.hidden = !prepared.length || !["offline", "signed_out", "forbidden", "replaced"].includes(reason);
  const anew = view.querySelector("[data-start-over]");
  anew.hidden = reason !== "replaced";
  anew.addEventListener("submit", async function (event) {
    event.preventDefault();
    anew.querySelector("button").disabled = true; // a second press would take what has been begun anew
    await startOver(locked.user);
    await again();
  });
  for (const account of prepared) {
    const choice = made("account", { name: account.name });
    choice.querySelector("input").value = account.user;
    choice.querySelector("input").checked = prepared.length === 1;
    form.querySelector("[data-accounts]").append(choice);
  }
  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    const given = new FormData(form);
    button.disabled = true;
    fill(form, { problem: "" });
    try {
      opened(await openVault({ user: Number(given.get("user")), password: given.get("password") }));
    } catch (problem) {
      if (!(problem instanceof Locked)) {
        throw problem;
      }
      fill(form, { problem: words.password });
      form.elements.password.select();
    } finally {
      button.disabled = false;
    }
  });
  place.replaceChildren(view);
}

/* This phone with its visits `items`: `changed()` after preparing, `forgotten()` after wiping. */
export function showPhone(place, vault, { items, changed, forgotten }) {
  const open = items.filter(([, item]) => item.state !== "sent").length;
  const spoiled = vault.unreadable("items"); // said above the view
  const view = made("view-phone", {
    prepared: vault.prepared(),
    unprepared: !vault.prepared(),
    problem: "",
    kept: open ? say(words.kept, { n: open }) : spoiled ? "" : words.kept_none,
    terms: say(words.terms, vault.days),
    loss: open || spoiled ? `${words.loss_unsent} ${words.loss}` : words.loss,
    unsent: open || spoiled
  });
  view.querySelector("input[name=sure]").disabled = !open && !spoiled;
  const prepare = view.querySelector("[data-prepare]");
  prepare.addEventListener("submit", async function (event) {
    event.preventDefault();
    const button = prepare.querySelector("[type=submit]");
    button.disabled = true;
    fill(prepare, { problem: "" });
    try {
      await vault.prepare(prepare.elements.password.value);
      changed();
    } catch (problem) {
      const offline = problem instanceof Locked ? problem.words || words.sign_in_to_send : words.needs_signal;
      fill(prepare, { problem: offline });
    } finally {
      button.disabled = false;
    }
  });
  view.querySelector("[data-wipe]").addEventListener("submit", async function (event) {
    event.preventDefault();
    event.target.querySelector("button").disabled = true;
    await vault.wipe();
    forgotten();
  });
  place.replaceChildren(view);
}
