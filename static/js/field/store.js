/* What lies on the phone's disk: one IndexedDB database per account (childwelfare-<user id>), and one list of the
   accounts that have been here. Nothing in these databases can be read without the account's key (vault.js).

   items    visits that are drafts, wait, are being sent or need their writer
   photos   their pictures; a record names the item that it belongs to (of) and goes with it
   roster   the children of the account, as the office last sent them
   meta     what else must not be readable, by name

   A record is {iv, data, at, of}: two byte arrays, the office's time of writing in ms, the item of a photo. */

export const STORES = ["items", "photos", "roster", "meta"];
export const PREFIX = "childwelfare-";
const PHONE = "childwelfare-phone";

/* → IDBDatabase. `build` makes the object stores of a new database. */
function connect(name, build) {
  return new Promise(function (resolve, reject) {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = function () {
      build(request.result);
    };
    request.onsuccess = function () {
      const database = request.result;
      // Another tab that deletes the database must not wait for this one.
      database.onversionchange = function () {
        database.close();
      };
      resolve(database);
    };
    request.onerror = function () {
      reject(request.error);
    };
  });
}

function answer(request) {
  return new Promise(function (resolve, reject) {
    request.onsuccess = function () {
      resolve(request.result);
    };
    request.onerror = function () {
      reject(request.error);
    };
  });
}

/* Resolves when the transaction is on the disk; rejects when it is not, for example for want of room. */
function done(transaction) {
  return new Promise(function (resolve, reject) {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = function () {
      reject(transaction.error);
    };
  });
}

/* The database of an account; made when it is not there yet. */
export async function openStore(user) {
  const database = await connect(PREFIX + user, function (fresh) {
    STORES.forEach(function (name) {
      const store = fresh.createObjectStore(name);
      if (name === "photos") {
        store.createIndex("of", "of");
      }
    });
  });
  return {
    async put(store, id, record) {
      const transaction = database.transaction(store, "readwrite", { durability: "strict" });
      transaction.objectStore(store).put(record, id);
      await done(transaction);
    },
    get(store, id) {
      return answer(database.transaction(store).objectStore(store).get(id));
    },
    /* → [[id, record], …] in the order of the ids. */
    async all(store) {
      const rows = database.transaction(store).objectStore(store);
      const [ids, records] = await Promise.all([answer(rows.getAllKeys()), answer(rows.getAll())]);
      return ids.map((id, at) => [id, records[at]]);
    },
    /* An item takes its photos with it. */
    async drop(store, ids) {
      const transaction = database.transaction(["photos", store], "readwrite");
      for (const id of ids) {
        transaction.objectStore(store).delete(id);
        if (store === "items") {
          const photos = transaction.objectStore("photos");
          photos.index("of").getAllKeys(id).onsuccess = function (event) {
            event.target.result.forEach((photo) => photos.delete(photo));
          };
        }
      }
      await done(transaction);
    },
    async clear(...stores) {
      const transaction = database.transaction(stores, "readwrite");
      stores.forEach((store) => transaction.objectStore(store).clear());
      await done(transaction);
    },
    close() {
      database.close();
    }
  };
}

export function deleteStore(user) {
  return answer(indexedDB.deleteDatabase(PREFIX + user));
}

/* The accounts of this phone: {user, name, device, asked, days, offset, latest, word, warned, wrap}; see vault.js and
   expiry.js. Nothing about children is in it. */
async function accounts(mode, act) {
  const database = await connect(PHONE, (fresh) => fresh.createObjectStore("accounts", { keyPath: "user" }));
  try {
    const transaction = database.transaction("accounts", mode);
    const result = await answer(act(transaction.objectStore("accounts")));
    if (mode === "readwrite") {
      await done(transaction);
    }
    return result;
  } finally {
    database.close();
  }
}

export function knownAccounts() {
  return accounts("readonly", (rows) => rows.getAll());
}

export function knownAccount(user) {
  return accounts("readonly", (rows) => rows.get(user));
}

/* Changes one account as it is by now: another tab may have prepared or forgotten it. make(row) returns the new row, or
   undefined to change nothing; `row` is undefined when the phone does not know the account. → the row as it is then. */
export async function changeAccount(user, make) {
  let row;
  await accounts("readwrite", function (rows) {
    const request = rows.get(user);
    request.addEventListener("success", function () {
      const next = make(request.result);
      row = next || request.result;
      if (next) {
        rows.put(next);
      }
    });
    return request;
  });
  return row;
}

export function forgetAccount(user) {
  return accounts("readwrite", (rows) => rows.delete(user));
}
