/* Templates of the shell filled with values, words with numbers, days as people say them.

   data-is="name"    its text (or the element given), hidden while there is none
   data-to="name"    its address, hidden while there is none
   data-when="name"  stands while the value is true */

export const words = JSON.parse(document.getElementById("words").textContent);

export function made(id, values = {}) {
  const copy = document.importNode(document.getElementById(id).content, true);
  const holder = document.createElement("div");
  holder.append(copy);
  fill(holder, values);
  return holder.childElementCount === 1 ? holder.firstElementChild : holder;
}

export function fill(root, values) {
  for (const element of root.querySelectorAll("[data-is], [data-to], [data-when]")) {
    const { is, to, when } = element.dataset;
    if (when !== undefined && when in values) {
      element.hidden = !values[when];
    }
    if (to !== undefined && to in values) {
      element.hidden = !values[to];
      element.setAttribute("href", values[to] || "#/");
    }
    if (is !== undefined && is in values) {
      const value = values[is];
      element.hidden = value === "" || value === null || value === undefined;
      if (value instanceof Node) {
        element.replaceChildren(value);
      } else {
        element.textContent = element.hidden ? "" : value;
      }
    }
  }
  return root;
}

/* %(n)s in a text; of [one, many] the form for values.n. */
export function say(text, values = {}) {
  const form = Array.isArray(text) ? text[values.n === 1 ? 0 : 1] : text;
  return form.replace(/%\((\w+)\)[sd]/g, (all, name) => (name in values ? values[name] : all));
}

export function risk(level) {
  const tag = document.createElement("span");
  tag.className = `cw-risk cw-risk-${level}`;
  tag.textContent = words.risk[level] || level;
  return tag;
}

/* The calendar day of a moment on this phone, as 2026-10-31. */
export function dayOf(moment) {
  const two = (number) => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

function middle(day) {
  return new Date(`${day}T12:00:00`);
}

/* Days from one day to another; negative when it lies before. */
export function daysBetween(from, to) {
  return Math.round((middle(to) - middle(from)) / 86400000);
}

/* How a due day reads: late by so many days, today, or its date with the weekday. `element` gets the colour. */
export function showDue(element, day, today) {
  if (!element) {
    return;
  }
  element.hidden = !day;
  if (!day) {
    return;
  }
  const late = daysBetween(day, today);
  element.classList.toggle("cw-due-over", late > 0);
  element.classList.toggle("cw-due-today", late === 0);
  element.setAttribute("datetime", day);
  const short = day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day;
  const weekday = words.weekdays[(middle(day).getDay() + 6) % 7];
  element.textContent =
    late > 0 ? say(words.late, { n: late }) : late === 0 ? words.today : late < -6 ? short : `${short} ${weekday}`;
}

export function tell(text) {
  document.getElementById("said").textContent = text;
}
