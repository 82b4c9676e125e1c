/* The outbox as a person sees it: every item with its state, what stands in its way and what to do about it.

     showOutbox(place, vault, {open}) → function that ends it
       place      an element with components/outbox.html in it, or one that the page's template #view-outbox is put into
       open(item) the address where an unfinished item is gone on with; #/item/<uuid> unless given

     tellCount(vault) → function that ends it: [data-outbox-count], [data-outbox-number], [data-outbox-strip] of the
       page follow the number of unsent items, which pages without the key read from waiting(user) */

import { showConflict } from "./conflict.js";
import { outboxOf, summary } from "./outbox.js";

const COUNT = "childwelfare-unsent-";

export function waiting(user) {
  return Number(localStorage.getItem(COUNT + user) || 0);
}

export function showCount(number) {
  document.querySelectorAll("[data-outbox-count], [data-outbox-number]").forEach((element) => {
    element.textContent = number;
    element.hidden = !number && element.hasAttribute("data-outbox-count");
  });
  document.querySelectorAll("[data-outbox-strip]").forEach((strip) => {
    strip.hidden = !number;
  });
}

export function tellCount(vault) {
  const outbox = outboxOf(vault);
  let counting = Promise.resolve();
  async function count() {
    const { unsent } = summary(await outbox.items());
    localStorage.setItem(COUNT + vault.user, String(unsent));
    showCount(unsent);
  }
  function recount() {
    counting = counting.then(count).catch(() => undefined); // one after the other: the last is right; none once it is closed
  }
  recount();
  return vault.subscribe(({ store }) => {
    if (store === "items") {
      recount();
    }
  });
}

function local(iso) {
  const at = new Date(iso);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function showOutbox(place, vault, { open = (item) => `#/item/${item.id}` } = {}) {
  const outbox = outboxOf(vault);
  if (!place.querySelector("[data-outbox-items]")) {
    place.replaceChildren(document.importNode(document.getElementById("view-outbox").content, true));
  }
  const list = place.querySelector("[data-outbox-items]");
  const template = place.querySelector("[data-outbox-template]");
  const clear = place.querySelector("[data-outbox-empty]");
  const unreadable = place.querySelector("[data-outbox-unreadable]");
  const send = place.querySelector("[data-outbox-send]");
  let drawing = Promise.resolve();
  let ended = false;

  function show(root, name, value) {
    root.querySelectorAll(`[data-${name}]`).forEach((element) => {
      element.hidden = !value;
      if (typeof value === "string") {
        element.textContent = value;
      }
    });
  }

  function stateOf(item) {
    return item.state === "needs_you" && item.conflict ? "conflict" : item.state;
  }

  function drawn(item) {
    const row = document.importNode(template.content, true).firstElementChild;
    row.dataset.item = item.id;
    row.dataset.state = item.state;
    row.querySelector("[data-title]").textContent = item.childName;
    row.querySelector("[data-at]").textContent = local(item.finished || item.changed);
    row.querySelectorAll("[data-state-is]").forEach((element) => {
      element.hidden = element.dataset.stateIs !== stateOf(item);
    });
    const gone = item.photos.filter((photo) => photo.state === "sent").length;
    const of = item.taken && item.state !== "sent" && item.photos.length ? `${gone}/${item.photos.length}` : "";
    show(row, "photos-gone", Boolean(of));
    row.querySelector("[data-photos-number]").textContent = of;
    row.querySelectorAll("[data-why]").forEach((element) => {
      element.hidden = item.state !== "waiting" || element.dataset.why !== item.why;
    });
    const failed = item.photos.filter((photo) => photo.state === "failed");
    const said = [item.state === "sent" ? item.kept : item.said, ...failed.map((photo) => photo.said)];
    show(row, "said", said.filter(Boolean).join(" "));
    show(row, "errors", item.state === "needs_you" ? Object.values(item.errors).flat().join(" ") : "");
    show(row, "photo-failed", failed.length > 0 && item.state === "needs_you");
    show(row, "also", item.also.length > 0);
    row.querySelector("[data-also-who]").textContent = item.also
      .map(({ who, at, how }) => [who, at, how].filter(Boolean).join(" "))
      .join("; ");
    buttons(row, item, failed.length > 0);
    if (item.conflict && item.state === "needs_you") {
      showConflict(row.querySelector("[data-conflict]"), item, {
        decide: outbox.decide,
        office: () => outbox.giveWay(item.id)
      });
    }
    return row;
  }

  function buttons(row, item, failed) {
    const link = row.querySelector("[data-open]");
    link.hidden = item.taken || ["sent", "sending"].includes(item.state);
    link.href = open(item);
    const again = row.querySelector("[data-again]");
    again.hidden = item.state !== "needs_you" || (item.conflict !== null && item.conflict.changeable);
    again.onclick = () => outbox.again(item.id);
    const without = row.querySelector("[data-without]");
    without.hidden = !(failed && item.state === "needs_you");
    without.onclick = () => outbox.without(item.id);
    const drop = row.querySelector("[data-drop]");
    const sure = row.querySelector("[data-drop-sure]");
    drop.hidden = item.state === "sending" || (item.taken && item.state !== "sent");
    if (item.state === "sent") {
      drop.textContent = drop.dataset.wordSent; // the office has it: only the line goes
    }
    drop.onclick = () => {
      if (item.state === "sent") {
        outbox.drop(item.id);
      } else {
        drop.hidden = true;
        sure.hidden = false; // what was never sent is nowhere else: asked once more
        sure.focus();
      }
    };
    sure.onclick = () => outbox.drop(item.id);
  }

  /* A row that has not changed stays as it is, so that a half-made decision is not lost. */
  const shown = new Map();
  async function draw() {
    if (ended) {
      return; // the vault may be closed by now
    }
    const items = await outbox.items();
    if (ended) {
      return;
    }
    const numbers = summary(items);
    const seen = new Set();
    for (const item of items) {
      const text = JSON.stringify(item);
      seen.add(item.id);
      const before = shown.get(item.id);
      if (!before || before.text !== text) {
        const row = drawn(item);
        if (before) {
          before.row.replaceWith(row);
        } else {
          list.append(row);
        }
        shown.set(item.id, { text, row });
      }
    }
    for (const [id, { row }] of shown) {
      if (!seen.has(id)) {
        row.remove();
        shown.delete(id);
      }
    }
    list.hidden = !items.length;
    const spoiled = vault.unreadable("items"); // whatever they say was perhaps never sent
    unreadable.hidden = !spoiled;
    unreadable.querySelector("[data-outbox-spoiled]").textContent = spoiled;
    clear.hidden = !numbers.clear || spoiled > 0;
    send.hidden = !numbers.waiting;
  }

  function redraw() {
    drawing = drawing.then(draw);
    return drawing;
  }

  const unsubscribe = vault.subscribe(({ store }) => {
    if (store === "items") {
      redraw();
    }
  });
  send.onclick = () => outbox.wake({ force: true });
  redraw();
  return () => {
    ended = true;
    unsubscribe();
  };
}
