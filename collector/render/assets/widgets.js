// Draws the figures of a page when they come into view, in the colours of the reader's theme; sorts and filters tables.
(() => {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Set();
  // the instants and snapshot ids of each report, which all of its lines share
  const shared = document.getElementById("axes");
  const axes = shared ? JSON.parse(shared.textContent) : {};

  function themed(layout) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { gridcolor: colour("--grid"), linecolor: colour("--line"), zerolinecolor: colour("--line") };
    const result = { ...layout, paper_bgcolor: "transparent", plot_bgcolor: "transparent", autosize: true };
    result.font = { color: colour("--ink"), size: 12, ...(layout.font || {}) };
    result.hoverlabel = { bgcolor: colour("--surface"), font: { color: colour("--ink") }, bordercolor: colour("--line") };
    result.margin = { l: 50, b: 40, t: 30, r: 10, ...(layout.margin || {}) };
    for (const name of ["xaxis", "yaxis"]) result[name] = { ...axis, ...(layout[name] || {}) };
    return result;
  }

  function draw(element) {
    if (!window.Plotly) return;
    const figure = JSON.parse(element.querySelector("script").textContent);
    for (const trace of figure.data) {
      const axis = axes[trace.meta];
      if (axis && !trace.x) { trace.x = axis.x; trace.customdata = axis.ids; }
    }
    let plot = element.querySelector(".plot");
    if (!plot) {
      plot = element.appendChild(document.createElement("div"));
      plot.className = "plot";
      plot.style.height = "100%";
    }
    const config = { responsive: true, displayModeBar: false, displaylogo: false };
    window.Plotly.react(plot, figure.data, themed(figure.layout || {}), config).then(() => {
      element.dataset.drawn = "yes";
      if (!drawn.has(element)) {
        drawn.add(element);
        plot.on("plotly_click", (event) => {
          const target = event.points[0] && event.points[0].customdata;
          if (element.dataset.opens && target) window.location.assign(element.dataset.opens + encodeURIComponent(target));
        });
      }
    });
  }

  const figures = () => document.querySelectorAll(".figure");
  if ("IntersectionObserver" in window) {
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) { watch.unobserve(entry.target); draw(entry.target); }
      }
    }, { rootMargin: "300px" });
    figures().forEach((each) => watch.observe(each));
  } else {
    figures().forEach(draw);
  }
  window.addEventListener("beforeprint", () => figures().forEach(draw));
  dark.addEventListener("change", () => drawn.forEach(draw));

  const number = (text) => {
    const value = Number.parseFloat(text.replaceAll(",", ""));
    return Number.isNaN(value) ? null : value;
  };
  function compare(left, right) {
    const a = number(left), b = number(right);
    if (a !== null && b !== null) return a - b;
    return left.localeCompare(right);
  }
  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    table.querySelectorAll("th button").forEach((button) => {
      const head = button.closest("th");
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th").forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const text = (row) => row.cells[head.cellIndex].textContent.trim();
        const rows = [...body.rows].sort((a, b) => compare(text(a), text(b)) * (down ? -1 : 1));
        body.append(...rows);
      });
    });
    const search = table.closest(".widget").querySelector("input.search");
    if (search) {
      search.addEventListener("input", () => {
        const wanted = search.value.toLowerCase();
        for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
    }
  });
})();
