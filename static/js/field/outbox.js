/* What this phone has to send, and the sending of it: the words of a visit first, then each photo by itself.

   An item is a visit on its way:
     id        UUID of the visit, made here; `key` is child-<id> or visit-<id>: one unfinished item a key
     state     draft → waiting → sending → sent, or needs_you (and from there waiting again)
     child, childName, page, basis, fields [[name, value], …], form's own names
     photos    [{id, name, state: waiting | sent | failed | dropped, said}]; the pictures lie in the store `photos`;
               a dropped one is still to be withdrawn at the office
     sending   UUID of the present submission; repeating it at the office changes nothing
     begun, changed, finished   ISO times of writing
     taken     the office has the words; only photos are still to go
     attempts, due (ms), why    next try and what stood in the way: network, server, busy, sign_in
     said, errors {field: [..]}, conflict   what the office answered; needs_you explains itself by them
     kept, also                 what the person should know of a sent one: kept aside (words); who else was there today

   The functions above `outboxOf` are pure. Nothing is forgotten before the office has said that it has it. */

const VISITS = "/api/v1/field/visits/";
const FIRST = 5000; // ms until the second try
const LONGEST = 15 * 60000;
const PATIENCE = { visit: 45000, photo: 180000 }; // ms for one answer
const REMEMBERED = 20; // sent ones that are still shown, for so many ms
const SHOWN = 7 * 86400000;
export const UNSENT = ["waiting", "sending", "needs_you"];

export function uuid() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function makeItem(values) {
  const now = new Date().toISOString();
  return {
    id: uuid(), state: "draft", key: "", child: 0, childName: "", page: "", basis: "", fields: [], photos: [], sending: "",
    begun: now, changed: now, finished: null, taken: false, attempts: 0, due: 0, why: "", said: "", errors: {},
    conflict: null, kept: "", also: [], ...values
  };
}

/* The item as it is being written: whatever the office has of it is not what it says now. */
export function drafted(item) {
  return { ...item, state: "draft", sending: "", taken: false, kept: "", also: [] };
}

/* The item handed in: a submission of its own. */
export function submitted(item) {
  return {
    ...drafted(item), state: "waiting", sending: uuid(), finished: new Date().toISOString(), attempts: 0, due: 0, why: "",
    said: "", errors: {}, conflict: null,
    photos: item.photos
      .filter((photo) => photo.state !== "dropped")
      .map((photo) => ({ ...photo, state: "waiting", said: "" }))
  };
}

/* Ms until try number `attempt` + 1: doubled each time, scattered so that phones do not come all at once. */
export function pause(attempt, retryAfter = 0, random = Math.random()) {
  const most = Math.min(LONGEST, FIRST * 2 ** Math.max(0, attempt - 1));
  return Math.max(retryAfter, Math.round(most * (0.5 + random / 2)));
}

/* Retry-After in ms: seconds, or a date. */
export function retryAfter(header, now = Date.now()) {
  if (!header) {
    return 0;
  }
  const wanted = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wanted) ? Math.min(Math.max(0, wanted), 4 * LONGEST) : 0;
}

/* What an answer means: {kind}, with what belongs to it. kinds: taken, kept, conflict, invalid, refused, unknown, sign_in,
   later. An answer that is not ours (a captive portal says 200 to everything) is no answer. */
export function judge({ status, type, told, after }) {
  if (type === "opaqueredirect" || status === 401 || status === 403) {
    return { kind: "sign_in", said: told && told.error ? told.error.message : "" };
  }
  if (!told || status >= 500 || status === 408 || status === 425 || status === 429) {
    return { kind: "later", why: status === 429 || status === 503 ? "busy" : "server", after: after || 0 };
  }
  if (status === 200 || status === 201 || status === 202 || status === 204) {
    return { kind: told.state === "kept" ? "kept" : "taken", told };
  }
  if (status === 409 && told.state === "conflict") {
    return { kind: "conflict", told };
  }
  const error = told.error || {};
  if (status === 404) {
    return { kind: "unknown", said: error.message || "" };
  }
  return { kind: error.fields ? "invalid" : "refused", said: error.message || String(status), errors: error.fields || {} };
}

/* The oldest that may go now. */
export function next(items, now) {
  return items.filter((item) => item.state === "waiting" && item.due <= now).sort(byAge)[0];
}

function byAge(one, other) {
  const [a, b] = [one, other].map((item) => item.finished || item.changed);
  return a < b ? -1 : a > b ? 1 : one.id < other.id ? -1 : 1;
}

/* Numbers by state; `clear` only when the office has acknowledged everything and nothing is still being written. */
export function summary(items) {
  const numbers = { draft: 0, waiting: 0, sending: 0, needs_you: 0, sent: 0 };
  items.forEach((item) => {
    numbers[item.state] += 1;
  });
  const unsent = UNSENT.reduce((sum, state) => sum + numbers[state], 0);
  return { ...numbers, unsent, clear: unsent === 0 && numbers.draft === 0 };
}

/* ── the sending ── */

/* What an outbox needs of a vault, in this page's memory alone: for what the disk has no room for. */
export function inMemory(vault) {
  const stores = { items: new Map(), photos: new Map() };
  return {
    user: vault.user,
    online: vault.online,
    headers: () => vault.headers(),
    put: async (name, id, value) => void stores[name].set(id, value),
    get: async (name, id) => stores[name].get(id),
    all: async (name) => [...stores[name]],
    drop: async (name, id) => void stores[name].delete(id),
    async change(name, id, make) {
      const value = make(stores[name].get(id));
      if (value !== undefined) {
        stores[name].set(id, value);
      }
      return value;
    }
  };
}

const outboxes = new WeakMap();

/* The one outbox of a vault on this page. */
export function outboxOf(vault) {
  if (!outboxes.has(vault)) {
    outboxes.set(vault, makeOutbox(vault));
  }
  return outboxes.get(vault);
}

function makeOutbox(vault) {
  const lock = `childwelfare-outbox-${vault.user}`;
  let timer = 0;
  let queued = null;
  let stopped = false;
  let working = "";

  async function items() {
    const rows = await vault.all("items");
    return rows.map(([, item]) => item).sort(byAge);
  }

  /* Changes an item, unless what it was changed meanwhile: a writer who goes on writing is not overwritten. */
  function update(item, changes) {
    return vault.change("items", item.id, (present) =>
      present && present.sending === item.sending && present.state !== "draft" ? { ...present, ...changes } : undefined
    );
  }

  async function ask(method, path, body, type, patience) {
    const control = new AbortController();
    const limit = setTimeout(() => control.abort(), patience);
    try {
      const response = await fetch(VISITS + path, {
        method, body, credentials: "same-origin", redirect: "manual", cache: "no-store", signal: control.signal,
        headers: { Accept: "application/json", ...vault.headers(), ...(type ? { "Content-Type": type } : {}) }
      });
      let told = response.status === 204 ? {} : null;
      if ((response.headers.get("Content-Type") || "").startsWith("application/json")) {
        told = await response.json();
      }
      return judge({
        status: response.status, type: response.type, told, after: retryAfter(response.headers.get("Retry-After"))
      });
    } catch {
      return { kind: "later", why: "network", after: 0 };
    } finally {
      clearTimeout(limit);
    }
  }

  function putVisit(item) {
    const photos = item.photos.map((photo) => photo.id);
    const body = {
      sending: item.sending, child: item.child, child_name: item.childName, basis: item.basis, started_at: item.begun,
      written_at: item.finished, photos, fields: item.fields
    };
    return ask("PUT", `${item.id}/`, JSON.stringify(body), "application/json", PATIENCE.visit);
  }

  /* → whether the others may be tried now. */
  async function postpone(item, answer) {
    const attempts = item.attempts + 1;
    const wait = pause(attempts, answer.after);
    const why = answer.kind === "sign_in" ? "sign_in" : answer.why;
    await update(item, { state: "waiting", attempts, why, said: answer.said || "", due: Date.now() + wait });
    if (why === "server") {
      return true;
    }
    for (const other of await items()) {
      if (other.state === "waiting" && other.id !== item.id) {
        await update(other, { due: Math.max(other.due, Date.now() + wait), why });
      }
    }
    return false;
  }

  async function stopFor(item, changes) {
    await update(item, { state: "needs_you", why: "", attempts: 0, ...changes });
    return true;
  }

  /* → whether to go on with the next item. */
  async function sendOne(found) {
    let item = await update(found, { state: "sending", why: "" });
    if (!item) {
      return true;
    }
    if (!item.taken) {
      const answer = await putVisit(item);
      if (answer.kind === "later" || answer.kind === "sign_in") {
        return postpone(item, answer);
      }
      if (answer.kind === "conflict") {
        return stopFor(item, { conflict: answer.told, said: answer.told.said });
      }
      if (answer.kind !== "taken" && answer.kind !== "kept") {
        return stopFor(item, { said: answer.said, errors: answer.errors || {} });
      }
      const { told } = answer;
      item = await update(item, {
        taken: true, attempts: 0, kept: told.state === "kept" ? told.said : "", also: told.also_today || [],
        photos: item.photos.map((photo) => ({ ...photo, state: told.awaited.includes(photo.id) ? "waiting" : "sent" }))
      });
    }
    return item ? sendPhotos(item) : true;
  }

  async function sendPhotos(item) {
    for (const { id, state } of item.photos) {
      if (state === "sent") {
        continue;
      }
      const answer = state === "dropped" ? await withdraw(item, id) : await sendPhoto(item, id);
      if (answer.kind === "later" || answer.kind === "sign_in") {
        return postpone(item, answer);
      }
      if (answer.kind === "unknown") {
        item = await update(item, { taken: false });
        return postpone(item || { id: "", attempts: 0 }, { kind: "later", why: "server", after: 0 });
      }
      const done = answer.kind === "taken" ? { state: "sent", said: "" } : { state: "failed", said: reasons(answer) };
      const left = answer.kind === "withdrawn" ? item.photos.filter((photo) => photo.id !== id) : item.photos;
      item = await update(item, { photos: left.map((photo) => (photo.id === id ? { ...photo, ...done } : photo)) });
      if (answer.kind === "withdrawn") {
        await vault.drop("photos", id);
      }
      if (!item) {
        return true;
      }
    }
    return item.photos.some((photo) => photo.state === "failed") ? stopFor(item, {}) : finish(item);
  }

  async function sendPhoto(item, id) {
    const blob = await vault.get("photos", id).catch(() => null); // one that does not open holds up no other
    return blob
      ? ask("PUT", `${item.id}/photos/${id}/`, blob, blob.type || "image/jpeg", PATIENCE.photo)
      : { kind: "refused", said: "" };
  }

  /* The office waits for this photo no longer; one that it does not know it does not wait for. */
  async function withdraw(item, id) {
    const answer = await ask("DELETE", `${item.id}/photos/${id}/`, undefined, "", PATIENCE.visit);
    return ["taken", "unknown"].includes(answer.kind) ? { kind: "withdrawn" } : answer;
  }

  function reasons(answer) {
    return Object.values(answer.errors || {}).flat().join(" ") || answer.said;
  }

  /* The office has everything: what is left is that it was sent, without a word of what was written. */
  async function finish(item) {
    const done = await update(item, {
      state: "sent", fields: [], photos: [], errors: {}, conflict: null, why: "", said: "", number: item.photos.length
    });
    if (done) {
      for (const { id } of item.photos) {
        await vault.drop("photos", id);
      }
      await tidy();
    }
    return true;
  }

  async function tidy() {
    const sent = (await items()).filter((one) => one.state === "sent");
    const old = sent.filter((one, at) => at < sent.length - REMEMBERED || Date.now() - Date.parse(one.finished) > SHOWN);
    for (const one of old) {
      await vault.drop("items", one.id);
    }
  }

  /* With the lock, so that two tabs never send the same: whatever is still marked as being sent was left by a tab that
     is gone. */
  async function work(force) {
    for (const item of await items()) {
      if (item.state === "sending" || (item.state === "waiting" && force && item.due)) {
        await update(item, { state: "waiting", due: 0 });
      }
    }
    const tried = new Set();
    for (;;) {
      const item = next((await items()).filter((one) => !tried.has(one.id + one.sending)), Date.now());
      if (!item || stopped) {
        break;
      }
      tried.add(item.id + item.sending);
      working = item.id;
      const goOn = await sendOne(item);
      working = "";
      if (!goOn) {
        break;
      }
    }
    await plan();
  }

  async function plan() {
    clearTimeout(timer);
    const due = (await items()).filter((item) => item.state === "waiting").map((item) => item.due);
    if (due.length && !stopped) {
      timer = setTimeout(() => wake(), Math.max(1000, Math.min(...due) - Date.now()));
    }
  }

  /* Send what is due; with `force` everything that waits, now. Resolves when there is nothing more to try. */
  function wake({ force = false } = {}) {
    if (stopped) {
      return Promise.resolve();
    }
    if (!queued || force) {
      const turn = navigator.locks.request(lock, () => {
        if (queued === turn) {
          queued = null;
        }
        return work(force);
      });
      queued = turn;
      turn.catch((problem) => {
        if (!stopped) {
          throw problem;
        }
      });
    }
    return queued || Promise.resolve();
  }

  const online = () => wake({ force: true });
  const seen = () => {
    if (!document.hidden) {
      wake();
    }
  };

  return {
    items,
    wake,
    /* The item in transit in this tab, if any. */
    working: () => working,
    /* Begin: what waits goes by itself from now on. Signed in again, nothing waits for a sign-in any more. */
    async start() {
      stopped = false;
      window.addEventListener("online", online);
      document.addEventListener("visibilitychange", seen);
      if (vault.online) {
        for (const item of await items()) {
          if (item.state === "waiting" && item.why === "sign_in") {
            await update(item, { due: 0, why: "" });
          }
        }
      }
      await tidy();
      return wake();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", seen);
    },
    /* Hand in: the item as it is to be sent, on the disk before anything is tried. */
    async hand(item) {
      await vault.change("items", item.id, () => submitted(item));
      return wake({ force: true });
    },
    /* The person's decisions about a conflict (conflict.js decided()), unless it was decided elsewhere meanwhile. */
    async decide(decision) {
      await vault.change("items", decision.id, (item) => (item && item.conflict ? decision : undefined));
      return wake({ force: true });
    },
    /* The office's words stand. Photos that it may still wait for go on being sent. */
    async giveWay(id) {
      const item = await vault.change("items", id, (present) =>
        present && present.conflict && present.photos.some((photo) => photo.state !== "sent")
          ? { ...present, state: "waiting", taken: true, due: 0, said: "", conflict: null }
          : undefined
      );
      return item ? wake({ force: true }) : vault.drop("items", id);
    },
    /* Once more, after the person has seen what stood in the way. */
    async again(id) {
      await vault.change("items", id, (item) =>
        item && item.state === "needs_you"
          ? {
              ...item, state: "waiting", due: 0, said: "", errors: {}, conflict: null,
              photos: item.photos.map((photo) => (photo.state === "failed" ? { ...photo, state: "waiting" } : photo))
            }
          : undefined
      );
      return wake({ force: true });
    },
    /* The photos that were refused will not come: the office is told as soon as it can be. */
    async without(id) {
      await vault.change("items", id, (item) =>
        item && item.state === "needs_you"
          ? {
              ...item, state: "waiting", due: 0, said: "",
              photos: item.photos.map((photo) => (photo.state === "failed" ? { ...photo, state: "dropped", said: "" } : photo))
            }
          : undefined
      );
      return wake({ force: true });
    },
    async drop(id) {
      await vault.drop("items", id);
    }
  };
}
