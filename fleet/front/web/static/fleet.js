// Small things that pages cannot do by themselves. Everything works without this file too.
"use strict";

// While the list is being read or a row is chosen, it is not taken from under the reader.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.target.getAttribute("hx-trigger") || "";
  if (!polls.startsWith("every")) return;
  const busy = document.hidden || !getSelection().isCollapsed
    || (event.target.contains(document.activeElement) && document.activeElement.matches("a, summary"));
  if (busy) event.preventDefault();
});

// An answer that is no success is told, and the old one stays.
document.addEventListener("htmx:responseError", (event) => tell(
  event.detail.xhr.status === 401 ? "Signed out: load the page again." : "The dashboard could not answer."));
document.addEventListener("htmx:sendError", () => tell("The dashboard does not answer: is it still running?"));
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful) tell("");
});

function tell(text) {
  let bar = document.getElementById("told");
  if (!bar) {
    if (!text) return;
    bar = document.createElement("p");
    bar.id = "told";
    bar.setAttribute("role", "status");
    document.body.append(bar);
  }
  bar.textContent = text;
  bar.hidden = !text;
}
