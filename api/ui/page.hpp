// The web interface: one page of HTML, CSS and JavaScript that talks to the
// HTTP API like any other client. It loads nothing from elsewhere, and text
// from the API only gets into it as text. Included once, by dispatch.cpp.

#pragma once

#include <string_view>

namespace praetor::ui {

/// The whole page.
inline constexpr std::string_view page = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Praetor</title>
<link rel="icon" href="data:,">
<style>
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #ffffff; --text: #1c2330; --faint: #667085;
  --line: #e3e7ed; --brand: #4f46e5; --good: #12925a; --warn: #b7791f;
  --bad: #d0342c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #11151c; --card: #1a202a; --text: #e8ebf0; --faint: #98a2b3;
    --line: #2a323f; --brand: #8b87ff; --good: #3ccf8e; --warn: #e5b454;
    --bad: #ff6b62;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif;
}
header {
  display: flex; align-items: center; gap: 1.5rem; flex-wrap: wrap;
  padding: .8rem 1.5rem; background: var(--card);
  border-bottom: 1px solid var(--line);
}
header strong { font-size: 1.1rem; letter-spacing: .02em; }
header strong::before {
  content: ""; display: inline-block; width: .8em; height: .8em;
  margin-right: .5em; border-radius: 30%; background: var(--brand);
}
nav { display: flex; gap: .3rem; flex: 1; }
a { color: inherit; text-decoration: none; }
nav a { padding: .3rem .8rem; border-radius: 6px; color: var(--faint); }
nav a.here { background: var(--back); color: var(--text); font-weight: 600; }
main { max-width: 70rem; margin: 1.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1.5rem 0 .6rem; }
small, .faint { color: var(--faint); }
input, textarea, button, select {
  font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: .4rem .7rem;
}
textarea { width: 100%; min-height: 14rem; font-family: ui-monospace, monospace; }
button { cursor: pointer; }
button.main { background: var(--brand); border-color: var(--brand); color: #fff; }
button.danger { color: var(--bad); }
:focus-visible { outline: 2px solid var(--brand); outline-offset: 1px; }
.bar { display: flex; gap: .6rem; margin-bottom: 1rem; flex-wrap: wrap; }
.bar input { flex: 1; min-width: 12rem; }
.list {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden;
}
.row {
  display: flex; align-items: center; gap: .8rem; padding: .65rem 1rem;
  border-top: 1px solid var(--line);
}
.row:first-child { border-top: 0; }
a.row:hover { background: var(--back); }
.row .grow { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.dot { width: .7rem; height: .7rem; border-radius: 50%; background: var(--faint); flex: none; }
.passing { background: var(--good); }
.warning { background: var(--warn); }
.critical, .maintenance { background: var(--bad); }
.tag {
  display: inline-block; padding: 0 .5rem; margin: 0 .3rem .2rem 0;
  border-radius: 99px; background: var(--back); color: var(--faint);
  font-size: .85em;
}
pre {
  margin: .3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .85em/1.4 ui-monospace, monospace; color: var(--faint);
}
.note { padding: 2rem; text-align: center; color: var(--faint); }
.problem { color: var(--bad); }
</style>
</head>
<body>
<header>
  <strong>Praetor</strong>
  <nav id="nav"></nav>
  <select id="dc" aria-label="Datacenter" hidden></select>
  <small id="leader"></small>
</header>
<main id="main"><p class="note">Loading</p></main>
<script>
"use strict";

// -- small helpers ----------------------------------------------------------

const $ = id => document.getElementById(id);

// Builds an element. Text from the API only ever gets in as text.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  for (const child of children.flat())
    if (child != null) node.append(child);
  return node;
}

const encode = path => path.split("/").map(encodeURIComponent).join("/");
const dot = status => el("span", {class: "dot " + status, title: status});
const tags = list => (list || []).map(t => el("span", {class: "tag"}, t));
const note = text => el("p", {class: "note"}, text);

function worst(checks) {
  for (const status of ["maintenance", "critical", "warning"])
    if (checks.some(c => c.Status === status)) return status;
  return "passing";
}

// -- the API ---------------------------------------------------------------

let token = sessionStorage.getItem("token") || "";

async function api(path, options = {}) {
  const headers = token ? {"X-Consul-Token": token} : {};
  const answer = await fetch("/v1/" + path, {headers, ...options});
  if (!answer.ok && answer.status !== 404)
    return Promise.reject(new Error((await answer.text())
                                    || "status " + answer.status));
  return answer;
}

const withDc = path =>
  path + (path.includes("?") ? "&" : "?") + "dc=" + encodeURIComponent(here.dc);

async function json(path) {
  const answer = await api(withDc(path));
  return answer.status === 404 ? null : answer.json();
}

// Calls `show` now and whenever the answer changes, until the page is left.
async function follow(path, show) {
  const visit = here;
  let index = 0;
  while (here === visit) {
    try {
      const wait = index ? "&wait=60s&index=" + index : "";
      const answer = await api(withDc(path) + wait, {signal: visit.end.signal});
      const next = Number(answer.headers.get("X-Consul-Index")) || 0;
      const body = answer.status === 404 ? null : await answer.json();
      if (here !== visit) return;
      if (next !== index || !next) show(body);
      index = next < index ? 0 : next;
      if (!index) return;
    } catch (problem) {
      if (here !== visit) return;
      $("main").replaceChildren(
        el("p", {class: "note problem"}, problem.message));
      index = 0;
      await new Promise(done => setTimeout(done, 3000));
    }
  }
}

// -- places ----------------------------------------------------------------

let here = {dc: "", end: new AbortController()};

// /ui/<dc>/<section>/<rest>
function parsePlace() {
  const [dc, section, ...rest] =
    location.pathname.replace(/^\/ui\//, "").split("/").map(decodeURIComponent);
  return {dc: dc || "", section: section || "services", rest: rest.join("/")};
}

const link = (section, rest = "") =>
  "/ui/" + encodeURIComponent(here.dc) + "/" + section
  + (rest ? "/" + encode(rest) : "");

function go(path) {
  history.pushState(null, "", path);
  render();
}

document.addEventListener("click", event => {
  const a = event.target.closest("a[href^='/ui/']");
  if (!a || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(a.getAttribute("href"));
});
addEventListener("popstate", render);

function render() {
  here.end.abort();
  here = {...parsePlace(), end: new AbortController()};
  here.dc = here.dc || home;
  $("dc").value = here.dc;
  $("nav").replaceChildren(
    ...[["services", "Services"], ["nodes", "Nodes"], ["kv", "Key/Value"]].map(
      ([section, title]) => el("a", {
        href: link(section), class: section === here.section ? "here" : ""
      }, title)));
  const place = places[here.section];
  if (!place) $("main").replaceChildren(note("There is nothing here."));
  else place(here.rest);
}

const places = {
  services: name => name ? showService(name) : showServices(),
  nodes: name => name ? showNode(name) : showNodes(),
  kv: path => path && !path.endsWith("/") ? showKey(path) : showKeys(path),
};

// A list with a field that narrows it down.
function searchable(title, label, rowOf) {
  const list = el("div", {class: "list"});
  const search = el("input", {
    type: "search", placeholder: "Search by " + label,
    "aria-label": "Search by " + label, oninput: () => fill(),
  });
  let all = [];
  function fill() {
    const wanted = search.value.toLowerCase();
    const rows = all.filter(x => x.words.toLowerCase().includes(wanted));
    list.replaceChildren(
      ...(rows.length ? rows.map(x => rowOf(x.item)) : [note("Nothing found.")]));
  }
  return {
    view: [el("h1", {}, title), el("div", {class: "bar"}, search), list],
    set(items) {
      all = items;
      fill();
    },
  };
}

// -- services --------------------------------------------------------------

function showServices() {
  const page = searchable("Services", "name or tag", s => {
    const status = s.ChecksCritical ? "critical"
                   : s.ChecksWarning ? "warning" : "passing";
    return el("a", {class: "row", href: link("services", s.Name)},
      dot(status), el("span", {class: "grow"}, s.Name + " ", tags(s.Tags)),
      el("small", {}, s.InstanceCount
         + (s.InstanceCount === 1 ? " instance" : " instances")));
  });
  $("main").replaceChildren(...page.view);
  follow("internal/ui/services", all => {
    if (!page.view[0].isConnected) $("main").replaceChildren(...page.view);
    page.set((all || []).map(
      item => ({item, words: [item.Name, ...(item.Tags || [])].join(" ")})));
  });
}

const checkRow = c => el("div", {class: "row"},
  dot(c.Status),
  el("div", {class: "grow"}, c.Name + " ", el("small", {}, c.CheckID),
     c.Output ? el("pre", {}, c.Output) : null),
  el("small", {}, c.ServiceName || "node"));

function showService(name) {
  follow("health/service/" + encode(name), entries => {
    const rows = (entries || []).map(({Node, Service, Checks}) => el("div", {},
      el("h2", {}, dot(worst(Checks)), " ", Service.ID, " ",
         el("small", {}, (Service.Address || Node.Address) + ":" + Service.Port),
         " ", el("a", {class: "tag", href: link("nodes", Node.Node)}, Node.Node),
         tags(Service.Tags)),
      el("div", {class: "list"},
         Checks.length ? Checks.map(checkRow) : note("No checks."))));
    $("main").replaceChildren(el("h1", {}, name),
      ...(rows.length ? rows : [note("This service has no instances.")]));
  });
}

// -- nodes -----------------------------------------------------------------

function showNodes() {
  const page = searchable("Nodes", "name or address", n =>
    el("a", {class: "row", href: link("nodes", n.Node)},
      dot(worst(n.Checks)), el("span", {class: "grow"}, n.Node),
      el("small", {}, n.Address),
      el("small", {}, n.Services.length
         + (n.Services.length === 1 ? " service" : " services"))));
  $("main").replaceChildren(...page.view);
  follow("internal/ui/nodes", all => {
    if (!page.view[0].isConnected) $("main").replaceChildren(...page.view);
    page.set((all || []).map(
      item => ({item, words: item.Node + " " + item.Address})));
  });
}

function showNode(name) {
  follow("internal/ui/node/" + encode(name), n => {
    if (!n) return $("main").replaceChildren(note("There is no such node."));
    const meta = Object.entries(n.Meta || {}).filter(([, value]) => value);
    $("main").replaceChildren(
      el("h1", {}, n.Node, " ", el("small", {}, n.Address)),
      ...tags(meta.map(([key, value]) => key + " = " + value)),
      el("h2", {}, "Services"),
      el("div", {class: "list"}, n.Services.length
        ? n.Services.map(s => el("a",
            {class: "row", href: link("services", s.Service)},
            el("span", {class: "grow"}, s.ID + " ", tags(s.Tags)),
            el("small", {}, (s.Address || n.Address) + ":" + s.Port)))
        : note("No services.")),
      el("h2", {}, "Checks"),
      el("div", {class: "list"}, n.Checks.length
        ? n.Checks.map(checkRow) : note("No checks.")));
  });
}

// -- keys and values -------------------------------------------------------

function trail(path) {
  const steps = path.split("/").filter(Boolean);
  const links = steps.map((step, i) => {
    const folder = steps.slice(0, i + 1).join("/") + "/";
    return [" / ", i + 1 < steps.length || path.endsWith("/")
      ? el("a", {href: link("kv") + "/" + encode(folder)}, step) : step];
  });
  return el("h1", {}, el("a", {href: link("kv")}, "Key/Value"), links.flat());
}

function showKeys(folder) {
  const add = el("input", {placeholder: "New key in this folder",
                           "aria-label": "New key"});
  const open = event => {
    event.preventDefault();
    if (add.value) go(link("kv", folder + add.value));
  };
  follow("kv/" + encode(folder) + "?keys&separator=/", keys => {
    const rows = (keys || []).filter(k => k !== folder).map(k => el("div",
      {class: "row"},
      el("a", {class: "grow", href: link("kv") + "/" + encode(k)},
         (k.endsWith("/") ? "\u{1F4C1} " : "") + k.slice(folder.length)),
      el("button", {class: "danger", onclick: () => removeKey(k, folder)},
         "Delete")));
    if (add.isConnected && add === document.activeElement && add.value) return;
    $("main").replaceChildren(trail(folder),
      el("form", {class: "bar", onsubmit: open}, add,
         el("button", {class: "main"}, "Create")),
      el("div", {class: "list"}, rows.length ? rows : note("No keys here.")));
  });
}

async function removeKey(key, back) {
  const all = key.endsWith("/");
  if (!confirm("Delete " + key + (all ? " and everything below it?" : "?")))
    return;
  await change("kv/" + encode(key) + (all ? "?recurse" : ""),
               {method: "DELETE"});
  go(link("kv") + (back ? "/" + encode(back) : ""));
}

async function change(path, options) {
  try {
    return await (await api(withDc(path), options)).json();
  } catch (problem) {
    alert(problem.message);
    return false;
  }
}

function textOf(value) {
  const bytes = Uint8Array.from(atob(value || ""), c => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

async function showKey(key) {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const visit = here;
  let entry;
  try {
    entry = (await json("kv/" + encode(key)) || [null])[0];
  } catch (problem) {
    return $("main").replaceChildren(
      el("p", {class: "note problem"}, problem.message));
  }
  if (here !== visit) return;
  const value = el("textarea", {"aria-label": "Value", spellcheck: "false"});
  value.value = entry ? textOf(entry.Value) : "";
  // Saving must not undo what somebody else wrote meanwhile.
  const save = async () => {
    const index = entry ? entry.ModifyIndex : 0;
    const flags = entry ? "&flags=" + entry.Flags : "";
    const saved = await change("kv/" + encode(key) + "?cas=" + index + flags,
                               {method: "PUT", body: value.value});
    if (saved) return go(link("kv") + (folder ? "/" + encode(folder) : ""));
    alert("Not saved: the key was changed by somebody else.");
    showKey(key);
  };
  $("main").replaceChildren(trail(key), value, el("div", {class: "bar"},
    el("button", {class: "main", onclick: save}, "Save"),
    entry ? el("button", {class: "danger",
                          onclick: () => removeKey(key, folder)}, "Delete")
          : null,
    entry && entry.Session
      ? el("small", {}, "Locked by session " + entry.Session) : null));
}

// -- start -----------------------------------------------------------------

let home = "";

async function start() {
  const all = await (await api("catalog/datacenters")).json();
  home = all[0] || "";
  $("dc").replaceChildren(...all.map(dc => el("option", {}, dc)));
  $("dc").hidden = all.length < 2;
  $("dc").onchange = () => go("/ui/" + encodeURIComponent($("dc").value));
  render();
  const leader = await (await api("status/leader")).json();
  $("leader").textContent = leader ? "Leader " + leader : "No leader";
}

start().catch(problem => {
  $("main").replaceChildren(el("p", {class: "note problem"}, problem.message));
});
</script>
</body>
</html>
)html";

} // namespace praetor::ui
