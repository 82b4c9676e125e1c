/* Visits survive a lost signal: what is typed is kept on this device, and sent when it can be.

   form   data-outbox="/api/v1/visits/"   where a visit is posted, as multipart with the form's own field names
          data-outbox-key="child-12"      one draft a key; opening the form again brings it back
          data-outbox-title="…"           what the list of unsent visits calls it
          data-outbox-next="/"            where to go when it has been accepted
          a field named client_id         the UUID that makes a repeated submission harmless; made here if empty
   page   body[data-user]                 drafts belong to an account; another one on the same phone never sees them
          [data-outbox-save]              keeps the draft now
          [data-outbox-strip] [data-outbox-count] [data-outbox-number]   appear while something waits
          [data-outbox-restored] [data-outbox-discard]                   a draft came back; start again
          components/save_bar.html, components/outbox.html                where it is said and listed

   Answers: 2xx accepted; 400, 413, 422 shown beside the fields; not signed in, no signal and 5xx keep it waiting;
   anything else is a refusal that the reader must see. Without scripts the form is an ordinary form. */
(function () {
  "use strict";

  var user = document.body.dataset.user;
  var form = document.querySelector("form[data-outbox]");
  if (!user || !window.indexedDB || !window.fetch || !window.Promise) {
    return;
  }

  /* ── the store: one record a visit, keyed by its UUID ── */

  var opening = null;
  function store(mode) {
    opening = opening || new Promise(function (resolve, reject) {
      var request = window.indexedDB.open("childwelfare", 1);
      request.onupgradeneeded = function () {
        request.result.createObjectStore("visits", { keyPath: "id" });
      };
      request.onsuccess = function () {
        resolve(request.result);
      };
      request.onerror = function () {
        reject(request.error);
      };
    });
    return opening.then(function (database) {
      return database.transaction("visits", mode).objectStore("visits");
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
  function mine() {
    return store("readonly").then(function (visits) {
      return answer(visits.getAll());
    }).then(function (records) {
      return records.filter(function (record) {
        return record.user === user;
      }).sort(function (a, b) {
        return a.at < b.at ? -1 : 1;
      });
    });
  }
  function put(record) {
    return store("readwrite").then(function (visits) {
      return answer(visits.put(record));
    }).then(announce);
  }
  function drop(id) {
    return store("readwrite").then(function (visits) {
      return answer(visits.delete(id));
    }).then(announce);
  }

  /* ── sending ── */

  function token() {
    var cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    var field = document.querySelector("[name=csrfmiddlewaretoken]");
    return cookie ? decodeURIComponent(cookie[1]) : field ? field.value : "";
  }
  function body(record) {
    var data = new FormData();
    record.fields.forEach(function (field) {
      if (field[1] instanceof Blob) {
        data.append(field[0], field[1], field[1].name || "photo.jpg");
      } else {
        data.append(field[0], field[1]);
      }
    });
    return data;
  }
  /* Resolves to {sent}, {waiting} or {refused, message, fields}. */
  function send(record) {
    var options = {
      method: "POST",
      body: body(record),
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": token() }
    };
    return window.fetch(record.url, options).then(function (response) {
      if (response.ok && !response.redirected) {
        return drop(record.id).then(function () {
          return { sent: true };
        });
      }
      if (response.status >= 500 || response.status === 429 || response.redirected) {
        return { waiting: true };
      }
      return response.json().then(function (answered) {
        var error = answered.error || {};
        if (error.code === "not_authenticated" || error.code === "authentication_failed" || response.status === 401) {
          return { waiting: true };
        }
        record.state = "failed";
        record.problem = error.message || String(response.status);
        return put(record).then(function () {
          return { refused: true, message: record.problem, fields: error.fields || {} };
        });
      }, function () {
        return { waiting: true };
      });
    }, function () {
      return { waiting: true };
    });
  }
  var sending = false;
  function flush() {
    if (sending || !navigator.onLine) {
      return Promise.resolve();
    }
    sending = true;
    return mine().then(function (records) {
      return records.filter(function (record) {
        return record.state === "unsent";
      }).reduce(function (before, record) {
        return before.then(function () {
          return send(record);
        }).then(function (result) {
          if (result.sent && form && form.elements.client_id && form.elements.client_id.value === record.id) {
            moveOn(); // what is written here has arrived: changing it further would reach nobody
          }
        });
      }, Promise.resolve());
    }).then(function () {
      sending = false;
    }, function () {
      sending = false;
    });
  }

  /* ── what the page says ── */

  function announce() {
    return mine().then(function (records) {
      var waiting = records.filter(function (record) {
        return record.state !== "draft";
      }).length;
      document.querySelectorAll("[data-outbox-count], [data-outbox-number]").forEach(function (element) {
        element.textContent = waiting;
        element.hidden = !waiting && element.hasAttribute("data-outbox-count");
      });
      document.querySelectorAll("[data-outbox-strip]").forEach(function (strip) {
        strip.hidden = !waiting;
      });
      list(records);
    });
  }
  function list(records) {
    var place = document.querySelector("[data-outbox-list]");
    if (!place) {
      return;
    }
    var items = place.querySelector("[data-outbox-items]");
    var template = place.querySelector("[data-outbox-template]");
    items.textContent = "";
    records.forEach(function (record) {
      var row = document.importNode(template.content, true);
      row.querySelector("[data-title]").textContent = record.title;
      row.querySelector("[data-at]").textContent = local(record.at);
      ["draft", "unsent", "failed"].forEach(function (state) {
        row.querySelector("[data-state-" + state + "]").hidden = state !== record.state;
      });
      var problem = row.querySelector("[data-problem]");
      problem.textContent = record.problem || "";
      problem.hidden = !record.problem;
      row.querySelector("[data-open]").href = record.page;
      row.querySelector("[data-drop]").addEventListener("click", function () {
        drop(record.id);
      });
      items.appendChild(row);
    });
    items.hidden = !records.length;
    place.querySelector("[data-outbox-empty]").hidden = records.length > 0;
    place.querySelector("[data-outbox-send]").hidden = !records.some(function (record) {
      return record.state === "unsent";
    });
  }
  function local(iso) {
    var at = new Date(iso);
    function two(number) {
      return (number < 10 ? "0" : "") + number;
    }
    return two(at.getMonth() + 1) + "-" + two(at.getDate()) + " " + two(at.getHours()) + ":" + two(at.getMinutes());
  }

  /* ── the form ── */

  function uuid() {
    if (window.crypto.randomUUID) {
      return window.crypto.randomUUID();
    }
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.prototype.map.call(bytes, function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  function record(state) {
    var fields = [];
    new FormData(form).forEach(function (value, name) {
      var empty = value instanceof Blob && !value.size;
      if (name !== "csrfmiddlewaretoken" && !empty) {
        fields.push([name, value]);
      }
    });
    return {
      id: form.elements.client_id.value,
      user: user,
      key: form.dataset.outboxKey,
      title: form.dataset.outboxTitle || document.title,
      url: form.dataset.outbox,
      page: window.location.pathname + window.location.search,
      state: state,
      at: new Date().toISOString(),
      fields: fields,
      problem: ""
    };
  }
  function where(state) {
    var saved = document.querySelector("[data-saved]");
    if (!saved) {
      return;
    }
    saved.querySelector("[data-saved-state]").textContent = saved.dataset["word" + state];
    saved.querySelector("[data-saved-at]").textContent =
      saved.dataset.wordAt.replace("%s", local(new Date().toISOString()).slice(6));
  }
  function keep() {
    window.clearTimeout(timer);
    return put(record("draft")).then(function () {
      where("Draft");
    }, function () {
      where("Unkept");
    });
  }
  var timer = 0;
  var leaving = false;
  function later() {
    window.clearTimeout(timer);
    if (!leaving) {
      timer = window.setTimeout(keep, 600);
    }
  }
  function fill(kept) {
    var values = {};
    kept.fields.forEach(function (field) {
      (values[field[0]] = values[field[0]] || []).push(field[1]);
    });
    Array.prototype.forEach.call(form.elements, function (element) {
      var name = element.name;
      if (!name || name === "csrfmiddlewaretoken" || element.tagName === "BUTTON" || element.tagName === "FIELDSET") {
        return;
      }
      var given = values[name] || [];
      if (element.type === "file") {
        if (given.length) {
          element.dispatchEvent(new CustomEvent("photos:restore", { bubbles: true, detail: given }));
        }
      } else if (element.type === "radio" || element.type === "checkbox") {
        element.checked = given.indexOf(element.value) >= 0;
        if (element.checked) {
          element.dispatchEvent(new Event("change", { bubbles: true }));
        }
      } else if (given.length) {
        element.value = given.shift();
      }
    });
  }
  function complain(refusal) {
    Object.keys(refusal.fields).forEach(function (name) {
      var element = form.elements[name];
      element = element && element.length && !element.tagName ? element[0] : element;
      var block = element && element.closest(".cw-field, fieldset, .cw-section, div");
      var problem = document.createElement("p");
      problem.className = "cw-error";
      problem.setAttribute("data-outbox-error", "");
      problem.textContent = [].concat(refusal.fields[name]).join(" ");
      (block || form).insertBefore(problem, block ? null : form.firstChild);
    });
    var general = document.createElement("p");
    general.className = "cw-strip cw-strip-bad";
    general.setAttribute("role", "alert");
    general.setAttribute("data-outbox-error", "");
    general.appendChild(document.createElement("span")).textContent = refusal.message;
    form.insertBefore(general, form.firstChild);
    form.querySelector("[data-outbox-error]").scrollIntoView({ block: "center" });
    where("Failed");
  }
  function moveOn() {
    leaving = true;
    window.clearTimeout(timer);
    where("Sent");
    window.location.assign(form.dataset.outboxNext || "/");
  }
  function submit(event) {
    event.preventDefault();
    if (!navigator.onLine && !form.reportValidity()) {
      return; // nobody else can say now what is missing
    }
    window.clearTimeout(timer);
    form.querySelectorAll("[data-outbox-error]").forEach(function (old) {
      old.remove();
    });
    var button = event.submitter || document.querySelector("[type=submit][form='" + form.id + "']");
    var entry = record("unsent");
    leaving = true;
    if (button) {
      button.disabled = true;
    }
    where("Sending");
    put(entry).catch(function () {
      /* the device refuses to store: sending still may work, and where() has said that nothing is kept */
      where("Unkept");
    }).then(function () {
      return navigator.onLine ? send(entry) : { waiting: true };
    }).then(function (result) {
      leaving = false;
      if (button) {
        button.disabled = false;
      }
      if (result.sent) {
        moveOn();
      } else if (result.refused) {
        complain(result);
      } else {
        where("Unsent");
      }
    });
  }
  function begin() {
    var id = form.elements.client_id;
    if (!id.value) {
      id.value = uuid();
    }
    form.addEventListener("submit", submit);
    document.addEventListener("click", function (event) {
      if (event.target.closest("[data-outbox-save]")) {
        event.preventDefault();
        keep();
      }
      if (event.target.closest("[data-outbox-discard]")) {
        event.preventDefault();
        leaving = true;
        drop(form.elements.client_id.value).then(function () {
          window.location.reload();
        });
      }
    });
    mine().then(function (records) {
      var kept = records.filter(function (entry) {
        return entry.key === form.dataset.outboxKey;
      }).pop();
      if (kept) {
        fill(kept);
        where(kept.state === "draft" ? "Draft" : kept.state === "failed" ? "Failed" : "Unsent");
        document.querySelectorAll("[data-outbox-restored]").forEach(function (strip) {
          strip.hidden = false;
        });
      }
      form.addEventListener("input", later);
      form.addEventListener("change", later);
    });
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-outbox-send]")) {
      flush();
    }
  });
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) {
      flush();
    }
  });
  window.setInterval(flush, 60000);
  announce().then(flush);
  if (form && form.elements.client_id) {
    begin();
  }
})();
