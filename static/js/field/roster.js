/* The list of children: fetched from the office, kept in the vault, shown by what is due. */

import { outboxOf, summary } from "./outbox.js";
import { dayOf, daysBetween, fill, made, risk, say, showDue, words } from "./view.js";

const SOON = 6; // days after today that stand with today
const PATIENCE = 20000; // ms until the office counts as out of reach
const FIRST = 40; // rows of a group before the rest is asked for

/* ── fetching ── */

/* Brings the kept list up to date. → "kept" (nothing new), "new", "offline", "signed_out", "forbidden" (no post visits any
   more), "other", "wiped". */
export async function refresh(vault) {
  const before = await vault.get("roster", "children");
  const headers = { ...vault.headers(), "X-Field-Unsent": String(summary(await outboxOf(vault).items()).unsent) };
  if (before) {
    headers["If-None-Match"] = before.etag;
  }
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  const how = { headers, credentials: "same-origin", redirect: "manual", cache: "no-store", signal: limit.signal };
  let response;
  try {
    response = await fetch("/field/roster/", how);
  } catch {
    return "offline";
  } finally {
    clearTimeout(timer);
  }
  if (response.type === "opaqueredirect" || response.status === 401) {
    return "signed_out";
  }
  if (response.status === 403) {
    return "forbidden";
  }
  if (response.status === 409) {
    return "other";
  }
  if (response.status === 410) {
    return "wiped";
  }
  const at = response.headers.get("X-Field-At");
  if (!at) {
    return "offline"; // not our answer: a captive portal, a gateway that has lost the office
  }
  if (response.status === 304) {
    await vault.word({ at });
    keepForms(before); // one that did not come with the list
    return "kept";
  }
  const found = response.ok ? await response.json().catch(() => null) : null;
  if (!found) {
    return "offline"; // or cut off before its end
  }
  await vault.put("roster", "children", { ...found, at, etag: response.headers.get("ETag") });
  await vault.word({ at, days: found.days });
  keepForms(found); // the list does not wait for a worker that is still fetching the shell
  return "new";
}

async function keepForms(found) {
  const used = [...found.children.flatMap((child) => [child.form, child.special]), ...found.unfinished.map((visit) => visit.form)];
  const forms = new Set(used.filter(Boolean).map(formAddress));
  if ("serviceWorker" in navigator) {
    const worker = await navigator.serviceWorker.ready;
    worker.active.postMessage({ forms: [...forms] });
  }
}

export function formAddress([code, version]) {
  return `/field/forms/${code}/${version}/`;
}

/* ── the list ── */

/* `without` stands there while there is no list. */
export function showRoster(place, { vault, roster, items, remaining, without }) {
  const view = made("view-roster");
  const today = dayOf(new Date());
  const hour = new Date().getHours();
  const greeting = words.greetings[hour < 12 ? 0 : hour < 18 ? 1 : 2];
  const weekday = words.weekdays[(new Date().getDay() + 6) % 7];
  fill(view, {
    day: `${today.slice(5)} ${weekday}`,
    greeting: say(greeting, { name: vault.name }),
    fetched: roster ? `${say(words.fetched, { when: local(roster.at) })}${roster.cut ? ` ${words.cut}` : ""}` : ""
  });
  const groups = view.querySelector("[data-groups]");
  const search = view.querySelector("[data-search]");
  search.hidden = !roster;
  search.addEventListener("submit", (event) => event.preventDefault());
  search.elements.q.addEventListener("input", function () {
    show(search.elements.q.value.trim().toLowerCase());
  });

  function show(wanted) {
    groups.replaceChildren();
    if (!wanted) {
      drafts(groups, items, remaining);
    }
    if (!roster) {
      groups.append(without);
    } else if (wanted) {
      found(groups, roster, wanted, today);
    } else {
      due(groups, roster, today, items);
    }
  }
  show("");
  place.replaceChildren(view);
}

function local(at) {
  const moment = new Date(at);
  const time = `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}`;
  return `${dayOf(moment).slice(5)} ${time}`;
}

function group(place, title, rows) {
  if (!rows.length) {
    return;
  }
  const section = made("group", { title, number: rows.length });
  const list = section.querySelector("ul");
  list.append(...rows.slice(0, FIRST));
  if (rows.length > FIRST) {
    // The rest comes when the reader gets there.
    const watcher = new IntersectionObserver(function (seen) {
      if (seen.some((one) => one.isIntersecting)) {
        watcher.disconnect();
        list.append(...rows.slice(FIRST));
      }
    });
    watcher.observe(list.lastElementChild);
  }
  place.append(section);
}

function drafts(place, items, remaining) {
  const rows = items
    .filter((item) => item.state === "draft")
    .map(function (item) {
      const left = remaining.drafts[item.id];
      const more = left === undefined ? "" : say(words.draft_goes, { n: left });
      const name = item.childName;
      const row = made("row", { to: `#/item/${item.id}`, face: name.slice(0, 1), name, more, due: "" });
      row.querySelector(".cw-item-title").append(made("row-draft"));
      fill(row, { risk: "", line: "" });
      return row;
    });
  group(place, words.groups.drafts, rows);
}

function due(place, roster, today, items) {
  const groups = { overdue: [], tasks: [], soon: [], later: [], waiting: [] };
  for (const child of roster.children) {
    const left = child.next ? daysBetween(today, child.next) : -1;
    const which = child.waiting ? "waiting" : left < 0 ? "overdue" : left <= SOON ? "soon" : "later";
    groups[which === "later" && child.tasks.length ? "tasks" : which].push(row(child, roster, today));
  }
  group(place, words.groups.overdue, groups.overdue);
  group(place, words.groups.returned, unfinished(roster, "returned", items));
  group(place, words.groups.tasks, groups.tasks);
  group(place, words.groups.soon, groups.soon);
  group(place, words.groups.office, unfinished(roster, "draft", items));
  group(place, words.groups.later, groups.later);
  group(place, words.groups.waiting, groups.waiting);
  if (!place.childElementCount) {
    place.append(made("nobody"));
  }
}

function found(place, roster, wanted, today) {
  const named = roster.children.filter(
    (child) => child.name.toLowerCase().includes(wanted) || child.pinyin.toLowerCase().includes(wanted)
  );
  group(place, words.groups.found, named.map((child) => row(child, roster, today)));
  if (!named.length) {
    const nobody = document.createElement("p");
    nobody.className = "cw-quiet cw-below";
    nobody.textContent = words.none_found;
    place.append(nobody);
  }
}

function row(child, roster, today) {
  const node = made("row", {
    to: `#/child/${child.id}`,
    face: child.name.slice(0, 1),
    name: child.name,
    risk: risk(child.risk),
    line: `${say(words.every, { n: roster.intervals[child.risk] })} · ${seen(child)}`,
    more: child.tasks.map((task) => task.reason).join(" · ")
  });
  const due = [child.next, ...child.tasks.map((task) => task.due)].filter(Boolean).sort();
  showDue(node.querySelector("time"), due[0] || null, today);
  return node;
}

function seen(child) {
  return child.last ? say(words.last, { day: child.last.slice(5) }) : words.never;
}

/* Returned visits and drafts that lie at the office. What was sent since on the same version stands in a list of before. */
function unfinished(roster, state, items) {
  const since = (visit) => items.some((one) => one.id === visit.uuid && one.state === "sent" && one.basis === visit.basis);
  return roster.unfinished
    .filter((visit) => visit.state === state && !since(visit))
    .map(function (visit) {
      const node = made("row", {
        to: `#/returned/${visit.visit}`,
        face: visit.name.slice(0, 1),
        name: visit.name,
        risk: risk(visit.risk),
        line: `${visit.day.slice(5)} ${visit.kind}`,
        more: visit.said ? say(words.supervisor, { words: visit.said }) : "",
        due: ""
      });
      node.querySelector(".cw-item-title").append(made(state === "draft" ? "row-draft" : "row-returned"));
      return node;
    });
}

/* ── one child ── */

export function showChild(place, { roster, child, draft }) {
  const today = dayOf(new Date());
  const guardian = child.guardian;
  const view = made("view-child", {
    face: child.name.slice(0, 1),
    name: child.name,
    risk: risk(child.risk),
    facts: [say(words.age, { n: child.age }), child.sex, child.category].filter(Boolean).join(" · "),
    due: child.next,
    last: child.last && [child.last, words.risk[child.last_risk]].filter(Boolean).join(" · "),
    interval: say(words.every, { n: roster.intervals[child.risk] }),
    address: [child.place, child.address].filter(Boolean).join(" "),
    guardian: guardian && `${guardian.relation} ${guardian.name}`,
    phone: guardian && guardian.phone && `tel:${guardian.phone.replace(/[^\d+]/g, "")}`,
    masked: guardian && guardian.masked,
    waiting: child.waiting,
    visit: draft ? `#/item/${draft.id}` : `#/visit/${child.id}`,
    special: child.special && !draft ? `#/visit/${child.id}/special` : "",
    act: draft ? words.go_on : words.record
  });
  showDue(view.querySelector("time"), child.next, today);
  const tasks = view.querySelector("[data-tasks]");
  for (const task of child.tasks) {
    const item = document.createElement("li");
    item.append(made("strip-warn", { text: `${task.due.slice(5)} ${task.reason}`, to: "", link: "" }));
    tasks.append(item);
  }
  place.replaceChildren(view);
}
