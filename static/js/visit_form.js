/* The visit form: questions of one kind of visit appear with it, and the next visit is proposed from the risk colour.
   form[data-visit-form]        on the page it is begun by itself; where it is put in later: initVisitForm(form)
   [data-only-kind="special"]   shown, and asked, while that kind is chosen
   [data-intervals]             JSON, days between visits by risk colour
   [data-one-of="…"]            check boxes of which one is to be chosen, and what is said when none is
   [data-future="…"]            a time that is not to come, and what is said when it is
   Who met nobody is asked nothing about the child.
   Without scripts all questions are shown and an empty date means the interval. */

function chosen(form, name) {
  const radio = form.querySelector("input[name=" + name + "]:checked");
  return radio ? radio.value : "";
}

function showKind(form) {
  const kind = chosen(form, "kind");
  form.querySelectorAll("[data-only-kind]").forEach((block) => {
    block.hidden = block.dataset.onlyKind !== kind;
    block.querySelectorAll("input, textarea").forEach((input) => {
      input.disabled = block.hidden; // what is not asked is neither missing nor sent
    });
  });
}

const SKEW = 10 * 60000; // ms that a clock may be ahead, as for cases.visits.forms

/* What the browser says when the form is to be handed in. */
function check(form) {
  form.querySelectorAll("[data-one-of]").forEach((block) => {
    const boxes = Array.from(block.querySelectorAll("[type=checkbox]"));
    boxes[0].setCustomValidity(boxes.some((box) => box.checked) ? "" : block.dataset.oneOf);
  });
  form.querySelectorAll("[data-future]").forEach((input) => {
    input.setCustomValidity(input.value && new Date(input.value) > Date.now() + SKEW ? input.dataset.future : "");
  });
  const nobody = Boolean(form.querySelector("[name=people_met][value=nobody]:checked"));
  form.querySelectorAll("[name^=answer_]").forEach((input) => {
    if (input.required) {
      input.dataset.must = "";
    }
    input.required = "must" in input.dataset && !nobody;
  });
}

/* Either somebody was met or nobody was there. */
function oneOrTheOther(form, box) {
  form.querySelectorAll("[name=people_met]:checked").forEach((other) => {
    other.checked = (other.value === "nobody") === (box.value === "nobody");
  });
}

function day(start, days) {
  const [year, month, date] = start.slice(0, 10).split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

export function initVisitForm(form) {
  const source = form.querySelector("[data-intervals]");
  if (!source || "visitFormReady" in form.dataset) {
    return;
  }
  form.dataset.visitFormReady = "";
  const intervals = JSON.parse(source.dataset.intervals);
  const next = form.elements.next_visit_date;
  let proposed = "";

  /* A date that the visitor chose stays; one that was proposed follows the colour. */
  function propose() {
    const risk = chosen(form, "risk");
    const visited = form.elements.visited_at.value;
    if (!risk || !/^\d{4}-\d{2}-\d{2}/.test(visited)) {
      return;
    }
    const latest = day(visited, intervals[risk]);
    next.min = day(visited, 1);
    next.max = latest;
    if (!next.value || next.value === proposed || next.value > latest) {
      next.value = latest;
      proposed = latest;
    }
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "kind") {
      showKind(form);
    }
    if (event.target.name === "risk" || event.target.name === "visited_at") {
      propose();
    }
    if (event.target.name === "people_met" && event.target.checked) {
      oneOrTheOther(form, event.target);
    }
    check(form);
  });
  form.addEventListener("submit", () => check(form), { capture: true }); // a draft may have come back meanwhile
  showKind(form);
}

document.querySelectorAll("form[data-visit-form]").forEach(initVisitForm);
