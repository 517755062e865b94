// The main thread's tasks over 50 ms while something is done, in ms; the browser reports no shorter ones.
export async function longTasks(work) {
  const found = [];
  const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
  observer.observe({ type: "longtask" });
  await work();
  await new Promise((then) => { setTimeout(then, 200); }); // a task is reported after its end
  found.push(...observer.takeRecords());
  observer.disconnect();
  return found.map((task) => task.duration);
}
