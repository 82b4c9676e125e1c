/* A visit form that loses nothing: an answer is kept when it is tapped, what is typed within a second; it comes back, and is
   sent when it can be.

     bindForm(form, {vault, item, touched, onSent, onWaiting, onConflict, onDiscarded}) → {item(), keep(), discard(), unbind()}
       item        an item of the outbox, or what a new one begins with: {key, child, childName, page}; without one the
                   form's own data attributes say it
       touched     Set of the names of fields that were written before: what comes back does not take their place
       onSent(item)      the office has it, photos and all; onWaiting(item): it will go by itself
       onConflict(item)  the office has another version: to be decided in the outbox
       onDiscarded()     the draft is gone on purpose: the page begins again, by being loaded anew unless given

   form   data-outbox-key="child-12"   one unfinished item a key; opening the form again brings it back
          data-outbox-title="…"        what the outbox calls it
          fields client_id, child, basis of cases/visits/forms.py
          data-outbox-ready, data-outbox-kept are written here: bound; when the words were last put on the disk
   page   [data-outbox-save] keep now   [data-outbox-restored] [data-outbox-discard] a draft came back; start again
          [data-saved] of components/save_bar.html says where the words are

   Answers 422 stand beside their fields. Photos are made small and named by static/js/photos.js: a file's name is the
   photo's UUID. */

import { drafted, inMemory, makeItem, outboxOf, UNSENT } from "./outbox.js";

const SOON = 600; // ms between a letter typed and its keeping, at most
const TAPPED = ["radio", "checkbox", "select-one", "select-multiple"]; // whole answers: kept at once
const PHOTO = /^([0-9a-f-]{36})\.jpg$/;
const ASIDE = ["csrfmiddlewaretoken", "photos", "client_id"];
const OF_THE_PAGE = [...ASIDE, "form_code", "form_version"]; // which questions are asked is the page's to say

/* Pairs of name and value into the form. Of a text in `touched`, begun before they came, both stay. */
export function fillForm(form, fields, touched = new Set()) {
  const values = {};
  fields.forEach(([name, value]) => {
    (values[name] = values[name] || []).push(value);
  });
  for (const element of form.elements) {
    const { name, type } = element;
    if (!name || OF_THE_PAGE.includes(name) || type === "file" || !["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName)) {
      continue;
    }
    const wanted = values[name] || [];
    const present = touched.has(name);
    if (type === "radio" || type === "checkbox") {
      const before = element.checked;
      element.checked = present && (before || type === "radio") ? before : wanted.includes(element.value);
      if (element.checked !== before && element.checked) {
        element.dispatchEvent(new Event("change", { bubbles: true }));
      }
    } else if (wanted.length && !present) {
      element.value = wanted.shift();
    } else if (wanted.length && type === "textarea") {
      element.value = [wanted.shift(), element.value].filter(Boolean).join("\n");
    }
  }
}

export async function bindForm(form, how) {
  const { vault, item: given = null, touched = new Set(), onSent, onWaiting, onConflict } = how;
  const { onDiscarded = () => location.reload() } = how;
  const outbox = outboxOf(vault);
  const touch = ({ target }) => touched.add(target.name);
  form.addEventListener("input", touch);
  form.dispatchEvent(new CustomEvent("photos:bind", { bubbles: true }));
  let item = await found();
  let timer = 0;
  let kept = new Set(item.photos.map((photo) => photo.id));
  const removed = new Set(); // photos that the person took out again; nothing else makes one go
  let leaving = false;
  let bound = true;
  let told = "";
  let writing = Promise.resolve();
  let next = null; // a keeping that has not begun: it will find whatever is written until then
  const restored = item.fields.length > 0;
  if (restored) {
    fillForm(form, item.fields, touched);
  }
  await fillPhotos();
  form.elements.client_id.value = item.id;
  say(restored ? (item.state === "draft" ? "Draft" : item.state === "needs_you" ? "Failed" : "Unsent") : "");
  if (restored) {
    document.querySelectorAll("[data-outbox-restored]").forEach((strip) => {
      strip.hidden = false;
    });
    complain(item);
  }

  /* The item to go on with: the one that is given, an unfinished one of the same key, or a new one. A visit that came
     back while photos of it are still on their way takes these along; a new visit never gets the number of one that the
     office has. */
  async function found() {
    const key = (given && given.key) || form.dataset.outboxKey || "";
    const items = await outbox.items();
    const present = items.filter(
      (one) => one.state !== "sent" && !one.taken && (given && given.id ? one.id === given.id : one.key === key)
    );
    if (present.length) {
      return present.pop();
    }
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const basis = value("basis");
    const id = value("client_id");
    const before = items.find((one) => one.id === id);
    return makeItem({
      ...(id && (basis || !before) ? { id } : {}), key, child: Number(value("child")),
      childName: form.dataset.outboxTitle || "", page: location.pathname + location.search, basis,
      photos: before && basis ? before.photos.filter((photo) => photo.state !== "dropped") : [], ...given
    });
  }

  /* ── keeping ── */

  function fieldsOf() {
    const fields = [];
    new FormData(form).forEach((value, name) => {
      if (!ASIDE.includes(name) && typeof value === "string") {
        fields.push([name, value]);
      }
    });
    return fields;
  }

  function files() {
    const input = form.querySelector("input[type=file][name=photos]");
    return input ? Array.from(input.files).filter((file) => PHOTO.test(file.name)) : [];
  }

  const nameOf = (file) => PHOTO.exec(file.name)[1];

  /* Photos are on the disk before the item names them. */
  async function keepPhotos() {
    for (const file of files()) {
      const id = nameOf(file);
      if (!kept.has(id)) {
        await vault.put("photos", id, file, { of: item.id });
        kept.add(id);
      }
    }
  }

  async function dropPhotos() {
    for (const id of removed) {
      if (kept.delete(id)) {
        await vault.drop("photos", id);
      }
    }
  }

  function current() {
    const fields = fieldsOf();
    const value = (name) => (fields.find(([field]) => field === name) || ["", ""])[1];
    const known = item.photos.filter((photo) => !removed.has(photo.id));
    const added = files()
      .filter((file) => !known.some((photo) => photo.id === nameOf(file)))
      .map((file) => ({ id: nameOf(file), name: file.name, state: "waiting", said: "" }));
    return {
      ...item, fields, photos: [...known, ...added], child: Number(value("child")) || item.child, basis: value("basis"),
      changed: new Date().toISOString()
    };
  }

  /* When every chosen picture has been made small; until then it has no name, and is not kept. */
  function pictured() {
    return Promise.all(Array.from(form.querySelectorAll("[data-photos]"), (block) => block.pictured));
  }

  /* One keeping after the other, and never more than one behind it; resolves to whether it is on the disk. */
  function keep() {
    clearTimeout(timer);
    timer = 0;
    if (!next) {
      next = writing.then(keepNow);
      writing = next;
    }
    return next;
  }

  async function keepNow() {
    next = null;
    if (leaving) {
      return false;
    }
    try {
      await keepPhotos();
      const draft = drafted(current());
      if (!(await vault.change("items", draft.id, () => (leaving ? undefined : draft)))) {
        return false; // handed in, or discarded, while the photos were kept
      }
      item = draft;
      await dropPhotos();
      form.dataset.outboxKept = item.changed;
      say("Draft");
      return true;
    } catch {
      say("Unkept"); // no room, or the store is closed: the words stay on the page, and it says so
      return false;
    }
  }

  /* A tapped answer waits only for what the page itself does about it. */
  function later(wait) {
    if (leaving || (timer && wait)) {
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(keep, wait);
  }

  function hidden() {
    if (document.hidden && timer) {
      keep();
    }
  }

  /* ── restoring ── */

  /* They stand in the form again before anything else happens to it. */
  async function fillPhotos() {
    const pictures = [];
    for (const { id, name } of item.photos) {
      const blob = await vault.get("photos", id).catch(() => null); // the words come back without it
      if (blob) {
        pictures.push(new File([blob], name, { type: blob.type }));
      }
    }
    const input = form.querySelector("input[type=file][name=photos]");
    if (input && pictures.length) {
      input.dispatchEvent(new CustomEvent("photos:restore", { bubbles: true, detail: pictures }));
    }
  }

  /* ── saying ── */

  function say(state) {
    const saved = document.querySelector("[data-saved]");
    if (!saved || !state || !bound) {
      return;
    }
    const two = (number) => String(number).padStart(2, "0");
    const now = new Date();
    saved.querySelector("[data-saved-state]").textContent = saved.dataset[`word${state}`];
    saved.querySelector("[data-saved-at]").textContent = saved.dataset.wordAt.replace(
      "%s", `${two(now.getHours())}:${two(now.getMinutes())}`
    );
  }

  /* What the office answered, beside the fields it is about. */
  function complain({ state, said, errors, photos }) {
    form.querySelectorAll("[data-outbox-error]").forEach((old) => old.remove());
    const words = [said, ...photos.map((photo) => photo.said)].filter(Boolean).join(" ");
    if (state !== "needs_you" || !words) {
      return;
    }
    Object.entries(errors).forEach(([name, texts]) => {
      const element = form.querySelector(`[name="${CSS.escape(name)}"]`);
      const block = element && element.closest(".cw-field, fieldset, .cw-section, div");
      const problem = document.createElement("p");
      problem.className = "cw-error";
      problem.setAttribute("data-outbox-error", "");
      problem.textContent = [].concat(texts).join(" ");
      (block || form).insertBefore(problem, block ? null : form.firstChild);
    });
    const general = document.createElement("p");
    general.className = "cw-strip cw-strip-bad";
    general.setAttribute("role", "alert");
    general.setAttribute("data-outbox-error", "");
    general.append(Object.assign(document.createElement("span"), { textContent: words }));
    form.prepend(general);
    form.querySelector("[data-outbox-error]").scrollIntoView({ block: "center" });
    say("Failed");
  }

  /* ── handing in ── */

  async function submit(event) {
    event.preventDefault();
    if (!bound) {
      return; // the page is being left
    }
    if (leaving) {
      outbox.wake({ force: true }); // handed in already
      return;
    }
    if (!navigator.onLine && !form.reportValidity()) {
      return; // without a network nobody else can say what is missing
    }
    const button = event.submitter || document.querySelector(`[type=submit][form="${form.id}"]`);
    if (button) {
      button.disabled = true;
    }
    say("Sending");
    await pictured();
    clearTimeout(timer);
    timer = 0;
    try {
      await writing;
      await keepPhotos();
      item = current();
      leaving = true; // from here on it is handed in: nothing that comes later makes it a draft again
      await outbox.hand(item);
      await dropPhotos();
      await look();
    } catch {
      if (bound) { // else the vault was closed: it goes on when it is opened again
        leaving = false;
        await handFromMemory();
      }
    }
    if (button) {
      button.disabled = false;
    }
  }

  /* The disk has no room for it: it is sent from here while the page is open, or it stays on the page. */
  async function handFromMemory() {
    if (!navigator.onLine) {
      say("Unkept");
      return;
    }
    const memory = inMemory(vault);
    const here = current();
    for (const { id } of here.photos) {
      const file = files().find((one) => nameOf(one) === id);
      if (file) {
        await memory.put("photos", id, file);
      }
    }
    const passing = outboxOf(memory);
    await passing.hand(here);
    passing.stop();
    const became = await memory.get("items", here.id);
    if (became.state === "sent") {
      leaving = true;
      say("Sent");
      await outbox.drop(here.id).catch(() => say("Sent")); // a closed store keeps its older draft
      if (onSent) {
        onSent(became);
      }
    } else if (became.state === "needs_you") {
      complain(became);
    } else {
      say("Unkept");
    }
  }

  /* What became of it, here or in another tab. */
  async function look() {
    const present = await vault.get("items", item.id);
    if (!present || !leaving || !bound) {
      return; // whoever has left is not called away from what they do now
    }
    const news = [present.sending, present.state, present.why].join();
    if (news === told) {
      return; // said already: a page is left once
    }
    told = news;
    item = present;
    if (present.state === "sent") {
      say("Sent");
      if (onSent) {
        onSent(present);
      }
    } else if (present.state === "needs_you" && present.conflict) {
      say("Failed");
      if (onConflict) {
        onConflict(present);
      }
    } else if (present.state === "needs_you") {
      leaving = false;
      complain(present);
    } else if (navigator.onLine && !present.why) {
      say("Sending");
    } else {
      say("Unsent");
      if (onWaiting) {
        onWaiting(present);
      }
    }
  }

  async function discard() {
    leaving = true;
    clearTimeout(timer);
    await writing;
    await outbox.drop(item.id);
  }

  async function clicked(event) {
    if (event.target.closest("[data-outbox-save]")) {
      event.preventDefault();
      keep();
    } else if (event.target.closest("[data-outbox-discard]")) {
      event.preventDefault();
      await discard();
      onDiscarded();
    }
  }

  /* It was opened while it waits: it goes on waiting until something is changed. */
  if (UNSENT.includes(item.state) && item.state !== "needs_you") {
    leaving = true;
  }
  function changed({ target = null } = {}) {
    if (leaving && ["waiting", "sending"].includes(item.state)) {
      leaving = false;
    }
    later(target && TAPPED.includes(target.type) ? 0 : SOON);
  }

  const ended = vault.subscribe(({ store, id }) => {
    if (store === "items" && id === item.id && leaving) {
      look();
    }
  });
  const takenOut = (event) => removed.add(nameOf(event.detail));
  form.addEventListener("submit", submit);
  form.addEventListener("photos:removed", takenOut);
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  document.addEventListener("click", clicked);
  document.addEventListener("visibilitychange", hidden);
  form.removeEventListener("input", touch);
  form.dataset.outboxReady = "";
  if (touched.size) {
    changed(); // written while the key was still on its way
  }

  return {
    item: () => item,
    keep,
    discard,
    /* Resolves when what was written last is on the disk: the vault stays open until then. */
    async unbind() {
      bound = false;
      ended();
      document.removeEventListener("click", clicked);
      document.removeEventListener("visibilitychange", hidden);
      if (timer) {
        await keep();
      }
      await pictured();
      if (timer) {
        await keep(); // a picture that was still being made small
      }
      await writing;
      form.removeEventListener("photos:removed", takenOut);
      form.removeEventListener("input", changed);
      form.removeEventListener("change", changed);
    }
  };
}

