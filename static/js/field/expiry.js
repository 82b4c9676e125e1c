/* How long the phone keeps what it keeps, by the office's clock.

   The list of children goes `days.roster` days after the last word with the office: the office still has it. A visit that
   was not sent goes `days.drafts` days after it was last touched, and never before its writer was warned on an earlier
   day: it is nowhere else.

   An account on the phone remembers `offset` (office time less the phone's, ms), `latest` (the latest office time it has
   seen), `word` (office time of the last word) and `warned` (item → when its writer was first shown the warning). A clock
   that is set back changes nothing, because time never runs back behind `latest`; one that ran ahead is put right by the
   next word. */

const DAY = 86400000;
export const WARN_ROSTER = 3; // days before
export const WARN_DRAFTS = 14;

/* The office's time in ms, as far as the phone can know it. */
export function officeNow(account) {
  return Math.max(Date.now() + (account.offset || 0), account.latest || 0);
}

/* The account after a word with the office at its time `at` (ISO 8601). */
export function heard(account, at) {
  const office = Date.parse(at);
  return { ...account, offset: office - Date.now(), latest: office, word: office };
}

/* What goes soon: {roster: days left or null, drafts: {item id: days left}}. */
export async function remaining(store, account) {
  const now = officeNow(account);
  const left = (since, days) => Math.max(0, Math.ceil((since + days * DAY - now) / DAY));
  const roster = left(account.word, account.days.roster);
  const drafts = {};
  for (const [id, record] of await store.all("items")) {
    const days = left(record.at, account.days.drafts);
    if (days <= WARN_DRAFTS) {
      drafts[id] = days;
    }
  }
  return { roster: roster <= WARN_ROSTER ? roster : null, drafts };
}

/* Drops what has had its time; needs no key. Only what its writer was warned of on an earlier day, and has not touched
   since, is dropped unsent. */
export async function expire(store, account) {
  const now = officeNow(account);
  if (now - account.word > account.days.roster * DAY) {
    await store.clear("roster");
  }
  const warned = account.warned || {};
  const gone = (await store.all("items"))
    .filter(([id, { at }]) => now - at > account.days.drafts * DAY && warned[id] > at && now - warned[id] >= DAY)
    .map(([id]) => id);
  await store.drop("items", gone);
}

/* The account, whose writer is shown just now that these items go soon. */
export function warned(account, ids) {
  const now = officeNow(account);
  const before = account.warned || {};
  return { ...account, warned: Object.fromEntries(ids.map((id) => [id, before[id] || now])) };
}
