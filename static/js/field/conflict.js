/* Two versions of one visit: the person decides field by field, and nothing is chosen for them.

   decided(item, picks)       the item to send after the decisions: `picks` maps a field's name to mine or theirs
   showConflict(place, item, {decide, office})
     place       holds a template [data-conflict-field] and [data-conflict-fields], a button [data-conflict-decide], one
                 [data-conflict-office]
     decide(item)   called with what decided() gives, when every field has been decided
     office()       called when the person gives up their own version: it cannot be put in place any more */

import { submitted } from "./outbox.js";

export function decided(item, picks) {
  let fields = item.fields;
  for (const one of item.conflict.fields) {
    if (picks[one.name] === "theirs") {
      fields = [...fields.filter(([name]) => name !== one.name), ...one.values.map((value) => [one.name, value])];
    }
  }
  const { basis } = item.conflict;
  fields = fields.map(([name, value]) => (name === "basis" ? [name, basis] : [name, value]));
  return submitted({ ...item, fields, basis });
}

export function showConflict(place, item, { decide, office }) {
  const { fields, changeable } = item.conflict;
  const list = place.querySelector("[data-conflict-fields]");
  const template = place.querySelector("[data-conflict-field]");
  const button = place.querySelector("[data-conflict-decide]");
  const instead = place.querySelector("[data-conflict-office]");
  const picks = {};
  list.textContent = "";
  for (const one of fields) {
    const row = document.importNode(template.content, true);
    row.querySelector("[data-conflict-label]").textContent = one.label;
    for (const side of ["mine", "theirs"]) {
      row.querySelector(`[data-conflict-${side}]`).textContent = one[side];
      const radio = row.querySelector(`input[value=${side}]`);
      radio.name = `conflict-${item.id}-${one.name}`;
      radio.disabled = !changeable;
      radio.addEventListener("change", () => {
        picks[one.name] = side;
        button.disabled = fields.some(({ name }) => !picks[name]);
      });
    }
    list.append(row);
  }
  button.hidden = !changeable;
  button.disabled = fields.length > 0;
  button.onclick = () => decide(decided(item, picks));
  instead.hidden = changeable;
  instead.onclick = () => office();
  place.hidden = false;
}
