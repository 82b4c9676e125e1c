/* The shell of field work: opens the vault, shows what the address after # names, keeps the list of children fresh.

     #/                     the children, what is due first
     #/child/<id>           one child
     #/visit/<id>[/special] write a visit: a new one, or the child's draft
     #/returned/<id>        correct a visit that came back, or go on with a draft that lies at the office
     #/item/<uuid>          go on with a visit that is on this phone
     #/outbox               what is to be sent
     #/phone                preparing, what is kept, forgetting */

import { bindForm, fillForm } from "./form.js";
import { hasOld, migrate } from "./migrate.js";
import { outboxOf, summary } from "./outbox.js";
import { showOutbox, tellCount } from "./outbox_view.js";
import { showLocked, showPhone } from "./phone.js";
import { formAddress, refresh, showChild, showRoster } from "./roster.js";
import { Locked, openVault } from "./vault.js";
import { initVisitForm } from "../visit_form.js";
import { dayOf, made, risk, say, words } from "./view.js";

const MINUTES = 10; // between two looks at the office
const LOCK_AFTER = 30 * 60000; // ms out of sight, where the password opens it again

const place = document.querySelector("[data-view]");
const strips = document.querySelector("[data-strips]");
const title = document.querySelector("[data-title]");
const back = document.querySelector("[data-back]");
const tabs = document.querySelector("[data-tabs]");
const done = document.querySelector("[data-done]");

let vault = null;
let session = "unknown"; // what the office said last: see refresh() of roster.js
let missed = ""; // the page that could not be shown for want of a network
let leaveView = () => undefined;
let hiddenSince = 0;
const opening = [...place.childNodes]; // what stands there until something is open
let shutFor = ""; // why nothing is open: a reason of Locked
let asked = false; // whether the office has answered, or could not, since the vault was opened
let turn = 0; // counts views, so that one that is slow to open does not take the place of the next
let noticed = 0; // counts notices in the same way
let left = Promise.resolve(); // until what was being written in views that were left is on the disk
let looking = Promise.resolve(); // until the office has been looked at: one look after the other

/* ── opening ── */

async function start() {
  withWorker();
  const { pathname, search } = window.location;
  if (pathname !== "/field/") {
    // The service worker put the shell in place of another page.
    const child = pathname === "/visits/add/" && new URLSearchParams(search).get("child");
    const [, visit] = /^\/visits\/(\d+)\/edit\/$/.exec(pathname) || [];
    const here = child ? `visit/${child}` : visit ? `returned/${visit}` : "";
    missed = here || pathname === "/" ? "" : pathname + search;
    window.history.replaceState(null, "", `/field/#/${here}`);
  }
  await open();
}

/* Whoever comes here first has met no page that registers the worker. A browser that allows none shows the list all the same.
   A page that was on its way while the worker took over asks to be served by it: the blank forms come from there. */
async function withWorker() {
  if (!window.isSecureContext || !("serviceWorker" in navigator)) {
    return;
  }
  if (!(await navigator.serviceWorker.getRegistration())) {
    await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => undefined);
  }
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    active.postMessage({ claim: true });
  }
}

async function open() {
  const mine = turn;
  let unlocked;
  try {
    unlocked = await openVault();
  } catch (problem) {
    if (mine === turn) {
      await shut(problem instanceof Locked ? problem : new Locked("broken"));
    }
    return;
  }
  if (mine === turn) {
    await opened(unlocked);
  } else if (unlocked !== vault) {
    unlocked.close(); // signed out, or opened by a password, while the office was asked
  }
}

async function opened(unlocked) {
  if (vault) {
    if (vault !== unlocked) {
      unlocked.close(); // the office and a password came together: the first stays
    }
    return;
  }
  vault = unlocked;
  shutFor = "";
  asked = false;
  vault.subscribe(function ({ store }) {
    if (store === "wiped") {
      shut(new Locked("forgotten"));
    } else if (store === "items") {
      notices();
    }
  });
  try {
    await reading(begin);
  } catch {
    await shut(new Locked("broken"));
  }
}

async function begin(open) {
  if (await hasOld()) {
    await migrate(open);
  }
  if (open !== vault) {
    return;
  }
  tellCount(open);
  if (!open.visits && route()[0] === "") {
    window.history.replaceState(null, "", "#/outbox"); // whose post has ended has no list, but may have words to send
  }
  await show();
  await look();
  if (open === vault) {
    await outboxOf(open).start();
  }
}

/* Does something with what is open. When that is closed meanwhile, what was wanted of it is not wanted any more. */
async function reading(work) {
  const open = vault;
  try {
    return open && (await work(open));
  } catch (problem) {
    if (open === vault) {
      throw problem;
    }
    return undefined;
  }
}

/* What is being written goes to the disk; the next view, and the closing of the vault, wait for it. */
function leave() {
  left = Promise.all([left, leaveView()]).catch(() => undefined); // a vault that was wiped takes nothing more
  leaveView = () => undefined;
}

/* Nothing of anybody stands on the screen any more; what was written last is on the disk before the vault closes. */
async function clear() {
  leave();
  turn += 1;
  head(words.visits);
  strips.replaceChildren();
  place.replaceChildren(...opening);
  tabs.hidden = true;
  const closing = vault;
  vault = null;
  if (closing) {
    outboxOf(closing).stop();
    await left;
    closing.close();
  }
}

async function shut(locked) {
  const cleared = clear();
  const mine = turn;
  await cleared;
  if (mine === turn) {
    shutFor = locked.reason;
    showLocked(place, locked, { opened, again: open });
  }
}

/* Brings the list up to date, and shows it when it is what is looked at. */
function look() {
  looking = looking.catch(() => undefined).then(() => reading(lookOnce));
  return looking;
}

async function lookOnce(open) {
  if (document.hidden) {
    return;
  }
  await open.expire();
  const answer = navigator.onLine ? await refresh(open) : "";
  if (answer && open === vault) {
    await met(open, answer);
  }
  if (open === vault) {
    asked = true;
    if (place.querySelector("[data-waiting]")) {
      await show();
    }
  }
}

/* A phone that was laid aside does not lie open; what was being written is kept. */
async function seen() {
  const away = hiddenSince && Date.now() - hiddenSince;
  hiddenSince = document.hidden ? Date.now() : 0;
  if (vault && away > LOCK_AFTER && (vault.prepared() || navigator.onLine)) {
    await clear();
    await open();
  } else {
    await look();
  }
}

async function met(asker, answer) {
  const before = session;
  session = answer;
  if (answer === "wiped") {
    await asker.wipe();
    await shut(new Locked("wiped"));
  } else if (answer === "other" && asker.online) {
    // Somebody else has signed in on this phone: theirs is opened, this one stays as it is. What a password opened is read on.
    await clear();
    open(); // which looks at the office itself, after this look
  } else if (answer === "new" && isList()) {
    await show();
  } else if (answer !== before) {
    await notices();
  }
}

/* ── views ── */

function route() {
  return window.location.hash.replace(/^#\/?/, "").split("/");
}

function isList() {
  return ["", "child"].includes(route()[0]) && !document.querySelector("[data-search] input:focus");
}

function head(words, { backTo = "" } = {}) {
  title.textContent = words;
  back.hidden = !backTo;
  back.setAttribute("href", backTo || "#/");
  done.replaceChildren();
}

function show() {
  return reading(showView);
}

async function showView(open) {
  leave();
  const mine = ++turn;
  const [name, id, kind] = route();
  const views = { child, visit, returned, item, outbox, phone };
  tabs.hidden = ["visit", "returned", "item"].includes(name);
  place.parentElement.classList.toggle("cw-main-form", tabs.hidden);
  for (const tab of tabs.children) {
    const here = tab.getAttribute("href") === (name === "child" ? "#/" : `#/${name}`);
    here ? tab.setAttribute("aria-current", "page") : tab.removeAttribute("aria-current");
  }
  // A view reads what it needs, and then says how it is placed: another may have been asked for meanwhile.
  await left;
  const put = mine === turn && (await (views[name] || list)(open, id, kind));
  if (mine !== turn) {
    return;
  }
  await put();
  await notices();
  if (mine === turn) {
    window.scrollTo(0, 0);
  }
}

async function itemsOf(open) {
  return (await open.all("items")).map(([id, value]) => ({ ...value, id }));
}

async function list(open) {
  const roster = await open.get("roster", "children");
  const items = await itemsOf(open);
  const remaining = await open.remaining();
  return function () {
    head(words.visits);
    showRoster(place, { vault: open, roster, items, remaining, without: without(roster) });
  };
}

/* What stands in the place of a child, or of the list, that is not there. */
function without(roster) {
  return made(roster ? "unfound" : asked || !navigator.onLine ? "unfetched" : "fetching");
}

async function known(open, id) {
  const roster = await open.get("roster", "children");
  return { roster, child: roster && roster.children.find((one) => String(one.id) === id) };
}

async function child(open, id) {
  const { roster, child } = await known(open, id);
  const draft = child && (await draftOf(open, child.id));
  return function () {
    head(child ? child.name : words.visits, { backTo: "#/" });
    if (child) {
      showChild(place, { roster, child, draft });
    } else {
      place.replaceChildren(without(roster));
    }
  };
}

async function draftOf(open, id) {
  return (await itemsOf(open)).find((one) => one.key === `child-${id}` && one.state !== "sent" && !one.taken);
}

async function visit(open, id, kind) {
  const { roster, child } = await known(open, id);
  if (!child) {
    return function () {
      head(words.record, { backTo: "#/" });
      place.replaceChildren(without(roster));
    };
  }
  const begun = await draftOf(open, child.id);
  if (begun) {
    return () => window.location.replace(`#/item/${begun.id}`);
  }
  const form = kind === "special" && child.special ? child.special : child.form;
  const page = `/visits/add/?child=${child.id}`;
  const item = { key: `child-${child.id}`, child: child.id, childName: child.name, page };
  return written(open, item, form, child, roster);
}

/* A visit that the office has, to be corrected or gone on with: it begins with what the office has of it. */
async function returned(open, id) {
  const roster = await open.get("roster", "children");
  const visit = roster && roster.unfinished.find((one) => String(one.visit) === id);
  if (!visit || !visit.form) { // a list of before this version names none
    return function () {
      head(words.record, { backTo: "#/" });
      place.replaceChildren(without(roster));
    };
  }
  const begun = (await itemsOf(open)).find((one) => one.id === visit.uuid && one.state !== "sent" && !one.taken);
  if (begun) {
    return () => window.location.replace(`#/item/${begun.id}`);
  }
  const child = roster.children.find((one) => one.id === visit.child);
  const item = {
    id: visit.uuid, key: `visit-${visit.visit}`, child: visit.child, childName: visit.name,
    page: `/visits/${visit.visit}/edit/`, basis: visit.basis
  };
  return written(open, item, visit.form, child, roster, visit);
}

async function item(open, id) {
  const found = await open.get("items", id);
  if (!found || found.taken || found.state === "sent") {
    return () => window.location.replace("#/"); // its words are at the office: this form would only bring them there again
  }
  const { roster, child } = await known(open, String(found.child));
  const field = (name) => (found.fields.find(([one]) => one === name) || ["", ""])[1];
  const form = field("form_code") ? [field("form_code"), field("form_version")] : child && child.form;
  return written(open, { ...found, id }, form, child, roster);
}

/* The form of an item, filled by what is known of the child, and of the visit that the office has. */
async function written(open, item, ref, child, roster, visit = null) {
  const form = await blank(ref);
  return async function () {
    head(words.record, { backTo: child ? `#/child/${child.id}` : "#/outbox" });
    if (!form) {
      place.replaceChildren(made("strip-bad", { text: words.needs_signal, to: window.location.hash, link: words.try_again }));
      return;
    }
    slots(form, child || { id: item.child, name: item.childName });
    if (roster && roster.intervals) {
      follow(form, roster.intervals);
    }
    place.replaceChildren(made("draft"), form, made("savebar"));
    done.replaceChildren(made("keep"));
    initVisitForm(form);
    if (visit) {
      goOn(form, visit);
    }
    const toOutbox = () => window.location.assign("#/outbox");
    const binding = bindForm(form, {
      vault: open, item, onSent: toOutbox, onWaiting: toOutbox, onConflict: toOutbox, onDiscarded: show
    });
    leaveView = async () => (await binding).unbind();
    await binding;
  };
}

function goOn(form, visit) {
  form.elements.client_id.value = visit.uuid;
  form.elements.basis.value = visit.basis;
  fillForm(form, visit.fields);
  if (visit.photos) {
    form.before(made("strip-note", { text: say(words.office_photos, { n: visit.photos }), to: "", link: "" }));
  }
  if (visit.said) {
    form.before(made("strip-warn", { text: say(words.supervisor, { words: visit.said }), to: "", link: "" }));
  }
}

/* Without a network the worker has it, once it has been seen. → form; null when neither has it. */
async function blank(ref) {
  const response = await fetch(formAddress(ref), { credentials: "same-origin", redirect: "manual" }).catch(() => null);
  const html = response && response.ok ? await response.text().catch(() => "") : "";
  return new DOMParser().parseFromString(html, "text/html").querySelector("form");
}

function slots(form, child) {
  form.elements.child.value = child.id;
  const now = new Date();
  const at = form.elements.visited_at;
  if (at && !at.value) {
    at.value = `${dayOf(now)}T${now.toTimeString().slice(0, 5)}`;
  }
  const values = {
    name: child.name,
    age: child.age === undefined ? "" : say(words.age, { n: child.age }),
    category: child.category || "",
    guardian: child.guardian ? `· ${child.guardian.relation} ${child.guardian.name}` : "",
    risk: child.risk ? risk(child.risk) : ""
  };
  for (const [name, value] of Object.entries(values)) {
    for (const slot of form.querySelectorAll(`[data-child=${name}]`)) {
      slot.replaceChildren(value);
    }
  }
}

/* The blank form is kept for as long as its version stands; the county's intervals are those of the list. */
function follow(form, intervals) {
  form.querySelector("[data-intervals]").dataset.intervals = JSON.stringify(intervals);
  for (const slot of form.querySelectorAll("[data-interval]")) {
    slot.textContent = say(words.days, { n: intervals[slot.dataset.interval] });
  }
}

function outbox(open) {
  return function () {
    head(words.outbox);
    place.replaceChildren();
    leaveView = showOutbox(place, open);
  };
}

async function phone(open) {
  const items = await open.all("items");
  return function () {
    const mine = turn;
    const changed = () => (mine === turn ? show() : notices());
    head(words.phone);
    showPhone(place, open, { items, changed, forgotten: () => shut(new Locked("forgotten")) });
  };
}

/* ── what stands above every view ── */

function notices() {
  document.querySelector("[data-offline]").hidden = navigator.onLine;
  return reading(showNotices);
}

async function showNotices(open) {
  const mine = ++noticed;
  const waiting = summary(await outboxOf(open).items()).unsent;
  const roster = await open.get("roster", "children");
  const left = await open.remaining();
  const shown = [];
  const [name] = route();
  if (missed) {
    shown.push(made("strip-warn", { text: words.needs_signal, to: missed, link: words.try_again }));
  }
  if (session === "signed_out") {
    const next = encodeURIComponent(`/field/${window.location.hash}`);
    shown.push(made("strip-bad", { text: words.sign_in_to_send, to: `/sign-in/?next=${next}`, link: words.sign_in }));
  }
  if (name === "") {
    if (waiting) {
      shown.push(made("strip-send", { text: say(words.unsent, { n: waiting }) }));
    }
    if (roster && roster.notes) {
      shown.push(made("strip-note", { text: say(words.notes, { n: roster.notes }), to: "/notes/", link: words.read }));
    }
    if (!open.prepared()) {
      shown.push(made("strip-note", { text: words.prepare, to: "#/phone", link: words.prepare_link }));
    }
  }
  if (left.roster !== null && roster) {
    shown.push(made("strip-warn", { text: say(words.roster_goes, { n: left.roster }), to: "", link: "" }));
  }
  const soonest = Math.min(...Object.values(left.drafts));
  if (Number.isFinite(soonest)) {
    shown.push(made("strip-warn", { text: say(words.draft_goes, { n: soonest }), to: "#/outbox", link: words.look }));
  }
  if (open.unreadable() && name !== "outbox") { // which says it itself
    shown.push(made("strip-bad", { text: say(words.unreadable, { n: open.unreadable() }), to: "", link: "" }));
  }
  if (open !== vault || mine !== noticed) {
    return; // closed meanwhile, or counted anew
  }
  strips.replaceChildren(...shown);
  if (!document.hidden) {
    await open.warned(Object.keys(left.drafts)); // only what was seen counts as a warning
  }
}

window.addEventListener("hashchange", function () {
  missed = "";
  show();
});
window.addEventListener("online", async function () {
  const typed = place.querySelector("[type=password]");
  if (!vault && shutFor === "offline" && !(typed && typed.value)) {
    await open(); // shut only for want of a signal, which is back
  } else {
    await notices();
    await look();
  }
});
window.addEventListener("offline", notices);
document.addEventListener("visibilitychange", seen);
window.setInterval(look, MINUTES * 60000);
if (window.BroadcastChannel) {
  new BroadcastChannel("childwelfare-phone").addEventListener("message", () => shut(new Locked("signed_out")));
}

start();
