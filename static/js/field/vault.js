/* The vault: what one account keeps on this phone, readable only with the account's key.

     const vault = await openVault();             signed in and with a network: the office hands out the key
     const vault = await openVault({user, password});   without one: the key that this phone keeps wrapped

   The promise rejects with Locked; `reason` says why:
     insecure    plain http, or an old browser: nothing can be kept here, pages are ordinary forms
     offline     the office cannot be reached; `accounts` are those that have been on this phone
     signed_out  the office asks for a sign-in; everything stays as it is; `accounts` as above
     forbidden   the account never held a post that visits
     replaced    the office knows this phone no longer, and what is kept was written under its former key: the password opens
                 it when it was prepared; startOver(user) forgets it and begins anew
     unprepared  the account has never been made ready for use without a signal on this phone
     password    the password does not open it
     wiped       the office asked this phone to forget the account, and it has

   A vault:
     user, name, device, days                account (number, its name), phone (UUID), days that things are kept;
                                             online: opened by the office; visits: whether a post of the account
                                             still does, else there is no list of children
     put(store, id, value, {of})  → Promise  store: items, photos, roster, meta; value: anything JSON can say, or a Blob.
                                             Resolves when it is on the disk. `of`: the item that a photo belongs to;
                                             it is dropped together with it
     get(store, id)               → Promise of the value; undefined when there is none
     all(store)                   → Promise of [[id, value], …] in the order of the ids; what does not open is left out,
                                             and counted by unreadable(store): number of records when it was last read,
                                             of one store or of all
     change(store, id, make)      → Promise of the new value. make(old) returns it, or undefined to change nothing; no
                                             other tab changes the record meanwhile
     drop(store, id)              → Promise  an item takes its photos with it
     wipe()                       → Promise  forget everything of this account on this phone
     close()                                 forget the key; what is kept stays
     subscribe(listener)          → function that ends it. listener({store, id, here}): a record was written or dropped, in
                                             this tab (here) or another
     headers()                    → headers of a request in this account's name: CSRF value, phone. The office refuses a
                                             phone of another account with 409
     prepared()                   → whether the account opens without a network
     prepare(password)            → Promise  make it so; rejects with Locked, whose `words` the office chose
     remaining()                  → Promise of what goes soon (expiry.js)
     warned(ids)                  → Promise  its writer sees that these items go soon
     expire()                     → Promise  drop what has had its time
     word({at, days})             → Promise  the office has been reached, and says so

   One vault a page: a second openVault() gives the same one until it is closed. */

import { remaining, officeNow, heard, expire, warned } from "./expiry.js";
import { changeAccount, deleteStore, forgetAccount, knownAccount, knownAccounts, openStore, PREFIX } from "./store.js";

const ROUNDS = 600000; // PBKDF2-SHA256, OWASP 2023
const PATIENCE = 20000; // ms until the office counts as out of reach
const AES = { name: "AES-GCM", length: 256 };

export class Locked extends Error {
  constructor(reason, { words = "", accounts = [], user = 0 } = {}) {
    super(words || reason);
    this.reason = reason;
    this.user = user;
    this.words = words;
    this.accounts = accounts;
  }
}

export function possible() {
  return Boolean(
    window.isSecureContext && window.crypto && window.crypto.subtle && window.indexedDB && window.BroadcastChannel && navigator.locks
  );
}

let opening = null;
let openedFor = "";

export function openVault(how = {}) {
  const key = JSON.stringify([how.user || 0, Boolean(how.password)]);
  if (!opening || (how.password && openedFor !== key)) {
    const forget = () => {
      opening = opening === mine ? null : opening;
    };
    const mine = open(how, forget);
    mine.catch(forget);
    openedFor = key;
    opening = mine;
  }
  return opening;
}

async function open(how, closed) {
  if (!possible()) {
    throw new Locked("insecure");
  }
  await sweep();
  const keys = how.password ? await unwrap(how.user, how.password) : await askAlone();
  const store = await openStore(keys.account.user);
  if (!keys.visits) {
    await store.clear("roster"); // the children are somebody else's by now
  }
  return vault(store, keys, closed);
}

/* ── the key ── */

function csrf() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie ? decodeURIComponent(cookie[1]) : "";
}

export function post(url, values, headers = {}, signal = undefined) {
  return fetch(url, {
    method: "POST",
    signal,
    credentials: "same-origin",
    redirect: "manual",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf(), ...headers },
    body: JSON.stringify(values)
  });
}

/* One tab at a time: two that ask together would be two phones with two keys for one store. */
async function askAlone() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    return await navigator.locks.request("childwelfare-key", { signal: limit.signal }, () => ask(limit.signal));
  } catch (problem) {
    if (problem instanceof Locked || problem.name !== "AbortError") {
      throw problem;
    }
    throw new Locked("offline", { accounts: await knownAccounts() });
  } finally {
    clearTimeout(timer);
  }
}

/* From the office → {account, key, online, visits}. */
async function ask(signal) {
  const accounts = await knownAccounts();
  const devices = accounts.flatMap(({ device, asked }) => (asked ? [device, asked] : [device]));
  let response;
  try {
    response = await post("/field/key/", { devices }, {}, signal);
  } catch {
    throw new Locked("offline", { accounts });
  }
  if (response.type === "opaqueredirect" || response.status === 401) {
    const wiped = await hearWipes(accounts, devices, signal);
    throw new Locked(wiped ? "wiped" : "signed_out", { accounts: await knownAccounts() });
  }
  if (response.status === 410) {
    await forget((await response.json()).user);
    throw new Locked("wiped", { accounts: await knownAccounts() });
  }
  if (response.status === 403) {
    throw new Locked("forbidden", { accounts });
  }
  const told = response.ok ? await response.json().catch(() => null) : null;
  if (!told) {
    throw new Locked("offline", { accounts }); // not our answer, or cut off before its end
  }
  const before = accounts.find((account) => account.user === told.user);
  if (before && before.device !== told.device) {
    // The key is another than that of the store. An empty store begins anew by itself.
    await changeAccount(told.user, (row) => row && { ...row, asked: told.device });
    if (await holdsWords(told.user)) {
      throw new Locked("replaced", { accounts: await knownAccounts(), user: told.user });
    }
    await startOver(told.user);
  }
  const account = await changeAccount(told.user, function (row = {}) {
    const { wrap, ...rest } = row;
    const next = heard({ ...rest, user: told.user, name: told.name, device: told.device, days: told.days }, told.at);
    // After a change of password what it opened is made ready again.
    return told.offline && wrap && wrap.stamp === told.stamp ? { ...next, wrap } : next;
  });
  const bytes = Uint8Array.from(atob(told.key), (letter) => letter.charCodeAt(0));
  const key = await imported(bytes);
  bytes.fill(0);
  return { account, key, online: true, visits: told.visits };
}

async function holdsWords(user) {
  const store = await openStore(user);
  try {
    return (await store.all("items")).length > 0;
  } finally {
    store.close();
  }
}

/* Forget what was kept under the former key of a phone that the office now knows by another number. */
export async function startOver(user) {
  await empty(user);
  await changeAccount(user, function (row) {
    if (!row) {
      return undefined;
    }
    const { asked, wrap, warned, ...rest } = row;
    return { ...rest, device: asked || rest.device };
  });
}

/* Nobody is signed in: a phone that is lost hears all the same that it is to forget. → whether one was. */
async function hearWipes(accounts, devices, signal) {
  if (!devices.length) {
    return false;
  }
  const body = new URLSearchParams(devices.map((device) => ["device", device]));
  const headers = { "X-CSRFToken": csrf() };
  const response = await fetch("/field/word/", { method: "POST", body, headers, signal }).catch(() => null);
  const { wipe } = response && response.ok ? await response.json() : { wipe: [] };
  for (const account of accounts.filter((one) => wipe.includes(one.device))) {
    await forget(account.user);
  }
  return wipe.length > 0;
}

function imported(bytes) {
  return crypto.subtle.importKey("raw", bytes, AES, false, ["encrypt", "decrypt"]);
}

async function fromPassword(password, salt, rounds) {
  const words = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return crypto.subtle.deriveKey(how, words, AES, false, ["encrypt", "decrypt"]);
}

/* From this phone and the password → {account, key}. */
async function unwrap(user, password) {
  const account = await knownAccount(user);
  if (!account || !account.wrap) {
    throw new Locked("unprepared", { accounts: await knownAccounts() });
  }
  const { salt, rounds, iv, data } = account.wrap;
  const from = await fromPassword(password, salt, rounds);
  let bytes;
  try {
    bytes = new Uint8Array(await crypto.subtle.decrypt(gcm(iv, account.device), from, data));
  } catch {
    throw new Locked("password", { accounts: await knownAccounts() });
  }
  const key = await imported(bytes);
  bytes.fill(0);
  return { account, key, online: false, visits: true };
}

function gcm(iv, bound) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(bound) };
}

function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

async function forget(user) {
  await empty(user);
  await forgetAccount(user);
}

/* Nothing is kept of the account any more; other tabs that have it open hear of it. */
async function empty(user) {
  const channel = new BroadcastChannel(PREFIX + user);
  channel.postMessage({ store: "wiped", id: "" });
  channel.close();
  await deleteStore(user);
}

/* ── values ── */

const JSON_VALUE = 0;
const BLOB_VALUE = 1;

/* First byte: what it is; of a Blob then the length of its type, its type, its bytes. */
async function packed(value) {
  if (!(value instanceof Blob)) {
    const text = new TextEncoder().encode(JSON.stringify(value));
    return joined(Uint8Array.of(JSON_VALUE), text);
  }
  const type = new TextEncoder().encode(value.type.slice(0, 100));
  return joined(Uint8Array.of(BLOB_VALUE, type.length), type, new Uint8Array(await value.arrayBuffer()));
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function unpacked(bytes) {
  if (bytes[0] === JSON_VALUE) {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(1)));
  }
  const begins = 2 + bytes[1];
  return new Blob([bytes.subarray(begins)], { type: new TextDecoder().decode(bytes.subarray(2, begins)) });
}

/* ── the vault ── */

function vault(store, { account, key, online, visits }, forgetOpening) {
  const user = account.user;
  const unread = new Map(); // store → records that did not open when it was last read
  const listeners = new Set();
  const channel = new BroadcastChannel(PREFIX + user);
  let closed = false;

  // A record is bound to its account, store and name, so that none can be put in another's place.
  const bound = (name, id) => `${user}/${name}/${id}`;
  const alone = (name, id, work) => navigator.locks.request(PREFIX + bound(name, id), work);

  function tell(change, here) {
    listeners.forEach((listener) => listener({ ...change, here }));
  }
  function announce(name, id) {
    channel.postMessage({ store: name, id });
    tell({ store: name, id }, true);
  }
  async function opened(name, id, record) {
    const bytes = await crypto.subtle.decrypt(gcm(record.iv, bound(name, id)), key, record.data);
    return unpacked(new Uint8Array(bytes));
  }
  async function put(name, id, value, { of = "" } = {}) {
    const iv = random(12);
    const data = await crypto.subtle.encrypt(gcm(iv, bound(name, id)), key, await packed(value));
    await store.put(name, id, { iv, data, at: officeNow(account), of });
    announce(name, id);
  }
  async function get(name, id) {
    const record = await store.get(name, id);
    return record && opened(name, id, record);
  }
  /* The account as another tab may have left it; forgotten, it stays so. */
  async function remember(make) {
    account = (await changeAccount(user, (row) => row && make(row))) || account;
  }
  function close() {
    if (!closed) {
      closed = true;
      forgetOpening();
      channel.close();
      store.close();
      listeners.clear();
    }
  }

  channel.onmessage = function (event) {
    if (event.data.store === "wiped") {
      tell(event.data, false);
      close();
    } else {
      tell(event.data, false);
    }
  };

  return {
    user,
    name: account.name,
    device: account.device,
    days: account.days,
    online,
    visits,
    put,
    get,
    async all(name) {
      const records = await store.all(name);
      const found = [];
      const spoiled = [];
      for (const [id, record] of records) {
        try {
          found.push([id, await opened(name, id, record)]);
        } catch {
          spoiled.push(id); // one that does not open takes no other with it
        }
      }
      unread.set(name, spoiled.length);
      return found;
    },
    unreadable(name) {
      return name ? unread.get(name) || 0 : [...unread.values()].reduce((sum, number) => sum + number, 0);
    },
    change(name, id, make) {
      return alone(name, id, async function () {
        const value = make(await get(name, id));
        if (value !== undefined) {
          await put(name, id, value);
        }
        return value;
      });
    },
    async drop(name, id) {
      await alone(name, id, () => store.drop(name, [id])); // a change that is under way would bring it back
      announce(name, id);
    },
    async wipe() {
      tell({ store: "wiped", id: "" }, true);
      close();
      await forget(user);
    },
    close,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    headers() {
      return { "X-CSRFToken": csrf(), "X-Field-Device": account.device };
    },
    remaining() {
      return remaining(store, account);
    },
    prepared() {
      return Boolean(account.wrap);
    },
    async prepare(password) {
      const response = await post("/field/offline/", { password }, this.headers());
      if (!response.ok) {
        const told = response.type === "opaqueredirect" ? {} : await response.json();
        throw new Locked(told.message ? "password" : "signed_out", { words: told.message });
      }
      const told = await response.json();
      const salt = random(16);
      const iv = random(12);
      const bytes = Uint8Array.from(atob(told.key), (letter) => letter.charCodeAt(0));
      const from = await fromPassword(password, salt, ROUNDS);
      const data = await crypto.subtle.encrypt(gcm(iv, account.device), from, bytes);
      bytes.fill(0);
      if (navigator.storage && navigator.storage.persist) {
        await navigator.storage.persist(); // asked for: a full phone then deletes other things first
      }
      await remember((row) => ({ ...row, wrap: { salt, rounds: ROUNDS, iv, data, stamp: told.stamp } }));
    },
    warned(ids) {
      return remember((row) => warned(row, ids));
    },
    async expire() {
      await remember((row) => ({ ...row, latest: officeNow(row) }));
      await expire(store, account);
    },
    word(told) {
      return remember((row) => ({ ...heard(row, told.at), days: told.days || row.days }));
    }
  };
}

/* Accounts on this phone lose what has had its time, whether or not anybody opens them. */
async function sweep() {
  for (const { user } of await knownAccounts()) {
    const account = await changeAccount(user, (row) => row && { ...row, latest: officeNow(row) });
    if (account) {
      const store = await openStore(user);
      try {
        await expire(store, account);
      } finally {
        store.close();
      }
    }
  }
}
