/* Photos of a form: shown as small pictures, made small before they are kept or sent, removed one by one.
   data-photos="6" around a file input and a template[data-photo-template] (components/photos.html). The shrinking saves a
   slow network and drops the camera's place and time; the server strips them again. Without scripts the input remains.
   A picture gets a UUID as its name, so that it is the same picture wherever it is kept and however often it is sent.
   What was chosen stays in the input beside the finished ones until it is small; block.pictured is a promise of that.
   Events: photos:restore on the input, with an array of finished files as detail, brings a draft's photos back at once;
   photos:bind on a form that was put into the page later makes its block work; photos:removed comes from the input,
   with the file as detail, when the person takes one out. [data-photo-problem] behind the block says which files could
   not be read (data-word-unread) and which were more than it takes (data-word-most). */
(function () {
  "use strict";

  var LONGEST = 1600;
  var QUALITY = 0.8;
  var NAMED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jpg$/;
  if (!window.createImageBitmap || !window.DataTransfer) {
    return;
  }

  function uuid() {
    if (window.crypto.randomUUID) {
      return window.crypto.randomUUID();
    }
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return Array.prototype.map.call(bytes, function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function named(file) {
    return NAMED.test(file.name) ? file : new File([file], uuid() + ".jpg", { type: file.type });
  }

  function bind(block) {
    if ("photosReady" in block.dataset) {
      return;
    }
    block.dataset.photosReady = "";
    var input = block.querySelector("input[type=file]");
    var template = block.querySelector("[data-photo-template]");
    var adder = block.querySelector(".cw-photo-add");
    var most = Number(block.dataset.photos);
    var problem = block.nextElementSibling;
    var files = []; // small and named
    var raw = []; // chosen, still to be made small
    block.pictured = Promise.resolve();

    function fill() {
      var transfer = new DataTransfer();
      files.concat(raw).forEach(function (file) {
        transfer.items.add(file);
      });
      input.files = transfer.files;
      adder.hidden = files.length + raw.length >= most;
    }

    function hand() {
      fill();
      input.dispatchEvent(new CustomEvent("input", { bubbles: true }));
    }

    function complain(word, names) {
      if (names.length && problem && problem.hasAttribute("data-photo-problem")) {
        problem.textContent = [problem.textContent, problem.dataset[word], names.join(", ")].join(" ").trim();
        problem.hidden = false;
      }
    }

    function show(file) {
      var figure = document.importNode(template.content, true).querySelector("figure");
      figure.querySelector("button").addEventListener("click", function () {
        files.splice(files.indexOf(file), 1);
        figure.remove();
        input.dispatchEvent(new CustomEvent("photos:removed", { bubbles: true, detail: file }));
        hand();
      });
      block.insertBefore(figure, adder);
      return figure.querySelector("canvas");
    }

    function draw(canvas, bitmap) {
      var side = Math.min(bitmap.width, bitmap.height);
      canvas.getContext("2d").drawImage(
        bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, canvas.width, canvas.height
      );
    }

    function shrink(bitmap, file) {
      var scale = LONGEST / Math.max(bitmap.width, bitmap.height);
      if (scale >= 1 && file.type === "image/jpeg") {
        return Promise.resolve(named(file));
      }
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(bitmap.width * Math.min(scale, 1));
      canvas.height = Math.round(bitmap.height * Math.min(scale, 1));
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) {
        canvas.toBlob(function (blob) {
          resolve(named(blob ? new File([blob], "", { type: "image/jpeg" }) : file));
        }, "image/jpeg", QUALITY);
      });
    }

    /* One after the other: a phone has room for one large picture. */
    function make(file) {
      return window.createImageBitmap(file).then(function (bitmap) {
        return shrink(bitmap, file).then(function (small) {
          raw.splice(raw.indexOf(file), 1);
          files.push(small);
          draw(show(small), bitmap);
        });
      }).catch(function () {
        raw.splice(raw.indexOf(file), 1);
        complain("wordUnread", [file.name]);
      }).then(hand);
    }

    function add(chosen) {
      var room = Math.max(0, most - files.length - raw.length);
      problem.textContent = "";
      problem.hidden = true;
      complain("wordMost", chosen.slice(room).map(function (file) {
        return file.name;
      }));
      var taken = chosen.slice(0, room);
      raw = raw.concat(taken);
      fill();
      taken.forEach(function (file) {
        block.pictured = block.pictured.then(function () {
          return make(file);
        });
      });
    }

    input.addEventListener("change", function () {
      add(Array.from(input.files));
    });
    input.addEventListener("photos:restore", function (event) {
      files = event.detail.concat(files); // before what was chosen meanwhile
      fill();
      event.detail.forEach(function (file) {
        var canvas = show(file);
        window.createImageBitmap(file).then(function (bitmap) {
          draw(canvas, bitmap);
        }, function () {
          complain("wordUnread", [file.name]); // kept all the same: it is the person's to take out
        });
      });
    });
  }

  document.querySelectorAll("[data-photos]").forEach(bind);
  document.addEventListener("photos:bind", function (event) {
    event.target.querySelectorAll("[data-photos]").forEach(bind);
  });
})();
