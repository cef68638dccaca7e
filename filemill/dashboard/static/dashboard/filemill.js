// What the pages can't do without a script: name the chosen file, show how far an upload is, keep ages fresh.
// Everything works without it, only plainer.
"use strict";

document.documentElement.classList.add("js");

const TYPES_BY_ENDING = {
  image: ["jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "avif", "heic"],
  video: ["mp4", "m4v", "mov", "avi", "mkv", "webm"],
  document: ["txt", "md", "log", "json", "geojson", "csv", "tsv", "pdf"],
};

// A guess for showing the options that fit; the server decides by the file's content.
function guessType(name) {
  const ending = name.split(".").pop().toLowerCase();
  return Object.keys(TYPES_BY_ENDING).find((type) => TYPES_BY_ENDING[type].includes(ending)) || "";
}

function showChosenFile() {
  const input = document.getElementById("file");
  const drop = document.getElementById("drop");
  if (!input || !drop) return;
  const file = input.files[0];
  document.getElementById("file-name").textContent = file ? file.name : "";
  drop.classList.toggle("has-file", Boolean(file));
  drop.dataset.guess = file ? guessType(file.name) : "";
}

function clearProblems() {
  document.querySelectorAll("#add .field-problem").forEach((slot) => slot.replaceChildren());
  const slot = document.getElementById("add-problem");
  if (slot) slot.hidden = true;
}

function showProblem(text) {
  const slot = document.getElementById("add-problem");
  if (!slot) return;
  slot.textContent = text;
  slot.hidden = false;
}

function problemOf(xhr) {
  try {
    const problem = JSON.parse(xhr.responseText);
    if (typeof problem.detail === "string") return problem.detail;
  } catch {
    // No answer of the service's own: a proxy's page, or nothing.
  }
  return xhr.status ? `The file was not taken (${xhr.status}). Try again in a moment.` : "";
}

// Of a request that is over: by then the form may have been exchanged, and the event be another element's.
const isOfAddForm = (event) => event.detail.requestConfig.elt.id === "add";

document.addEventListener("change", (event) => {
  if (event.target.id !== "file") return;
  clearProblems();
  showChosenFile();
});

for (const [name, isOver] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    const drop = event.target instanceof Element && event.target.closest(".drop");
    if (drop) drop.classList.toggle("is-over", isOver);
  });
}

document.addEventListener("htmx:xhr:progress", (event) => {
  if (event.target.id !== "add" || !event.detail.lengthComputable) return;
  const upload = document.getElementById("upload");
  upload.hidden = event.detail.loaded >= event.detail.total;
  upload.querySelector("progress").value = (100 * event.detail.loaded) / event.detail.total;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isOfAddForm(event)) return;
  const upload = document.getElementById("upload");
  if (upload) upload.hidden = true;
  // The drop zone outlives the exchange of the form (hx-preserve), so that a problem does not cost the choice.
  const status = event.detail.xhr.status;
  if (status >= 200 && status < 300) document.getElementById("file").value = "";
  showChosenFile();
});

document.addEventListener("htmx:responseError", (event) => {
  if (isOfAddForm(event)) showProblem(problemOf(event.detail.xhr));
});

document.addEventListener("htmx:sendError", (event) => {
  if (isOfAddForm(event)) showProblem("The service can't be reached. Check the connection, then try again.");
});

// Nobody looks at a hidden page: it asks for nothing until it is seen again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
});

// What the reader has opened stays open when the story goes on.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  event.detail.target.querySelectorAll("details[open][id]").forEach((opened) => {
    const next = event.detail.fragment.querySelector(`#${CSS.escape(opened.id)}`);
    if (next) next.open = true;
  });
});

function sayAge(seconds) {
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

setInterval(() => {
  document.querySelectorAll("time[data-age]").forEach((time) => {
    time.textContent = sayAge((Date.now() - Date.parse(time.dateTime)) / 1000);
  });
}, 10000);

showChosenFile();
