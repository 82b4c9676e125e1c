/* Drafts that an older version kept in clear text, in the database `childwelfare` for all accounts of the phone, go into
   the account's encrypted store. What belongs to another account waits until that one signs in; when nothing is left the
   database is deleted. */

import { makeItem, submitted, uuid } from "./outbox.js";

const OLD = "childwelfare";

/* The old database, or null when this phone has none. */
function old() {
  return new Promise((resolve) => {
    const request = indexedDB.open(OLD);
    request.onupgradeneeded = () => request.transaction.abort(); // it did not exist, and is not to
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close(); // another tab that deletes it does not wait for this one
      resolve(request.result);
    };
    request.onerror = (event) => {
      event.preventDefault();
      resolve(null);
    };
  });
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function hasOld() {
  const database = await old();
  if (!database) {
    return false;
  }
  database.close();
  return true;
}

/* → how many drafts were taken over. */
export async function migrate(vault) {
  return navigator.locks.request(`childwelfare-old-${vault.user}`, async () => {
    const database = await old();
    if (!database) {
      return 0;
    }
    const visits = (mode) => database.transaction("visits", mode).objectStore("visits");
    const empty = !database.objectStoreNames.contains("visits");
    const records = empty ? [] : await answer(visits("readonly").getAll());
    const own = records.filter((record) => String(record.user) === String(vault.user));
    for (const record of own) {
      await take(vault, record);
      const rows = visits("readwrite");
      const now = await answer(rows.get(record.id));
      if (now && now.at === record.at) { // a page of the older version may have written on: the next time takes that over
        await answer(rows.delete(record.id));
      }
    }
    const left = empty ? 0 : await answer(visits("readonly").count());
    database.close();
    if (!left) {
      indexedDB.deleteDatabase(OLD);
    }
    return own.length;
  });
}

/* What was taken over before, when the phone died before the old record was gone, may have been written on since. */
async function take(vault, record) {
  const held = (item) => item && item.changed >= record.at;
  if (held(await vault.get("items", record.id))) {
    return;
  }
  const value = (name) => (record.fields.find(([field]) => field === name) || ["", ""])[1];
  const photos = [];
  for (const [, file] of record.fields.filter(([, one]) => one instanceof Blob)) {
    const id = uuid();
    await vault.put("photos", id, file, { of: record.id });
    photos.push({ id, name: `${id}.jpg`, state: "waiting", said: "" });
  }
  const item = makeItem({
    id: record.id, key: record.key, child: Number(value("child")), childName: record.title, page: record.page,
    basis: value("basis"), begun: record.at, changed: record.at, photos,
    fields: record.fields.filter(([name, one]) => typeof one === "string" && name !== "client_id")
  });
  const taken = record.state === "unsent" ? submitted(item) : item;
  await vault.change("items", item.id, (now) => (held(now) ? undefined : taken));
}
