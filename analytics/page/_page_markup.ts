// This module is browser compatible.

/** The body of the page, empty: all that collectors and players say is put in as text, by the script. */
export const PAGE_MARKUP = `
<button type="button" class="skip" id="skip">Skip to the figures</button>
<header>
  <div class="top">
    <h1>Analytics</h1>
    <span class="status">
      <span id="state" class="state" role="status" data-state="loading">loading</span>
      <span id="updated" class="updated"></span>
    </span>
    <button id="theme" type="button" class="small">Theme: auto</button>
  </div>
  <form id="filters" class="filters" aria-label="Filters">
    <label id="games" hidden><span>Game</span><select id="game"></select></label>
    <fieldset class="ranges">
      <legend>Time</legend>
      <div>
        <label><input type="radio" name="range" id="range-24h"><span>24 h</span></label>
        <label><input type="radio" name="range" id="range-7d" checked><span>7 days</span></label>
        <label><input type="radio" name="range" id="range-30d"><span>30 days</span></label>
        <label><input type="radio" name="range" id="range-90d"><span>90 days</span></label>
        <label><input type="radio" name="range" id="range-custom"><span>Custom</span></label>
      </div>
    </fieldset>
    <div id="dates" class="dates" hidden>
      <label><span>First day</span><input id="from" type="date" aria-describedby="dates-problem"></label>
      <label><span>Last day</span><input id="to" type="date" aria-describedby="dates-problem"></label>
    </div>
    <label><span>Build</span><select id="build"><option value="">All builds</option></select></label>
    <label><span>Platform</span><select id="platform"><option value="">All platforms</option></select></label>
  </form>
</header>
<main>
  <p id="dates-problem" class="problem" role="alert"></p>
  <div id="note" class="note" role="alert" hidden>
    <p id="note-text"></p>
    <button id="ask-key" type="button" class="small" hidden>Enter a key</button>
  </div>
  <section id="welcome" class="welcome" aria-labelledby="welcome-title" hidden>
    <h2 id="welcome-title">No events yet</h2>
    <p>Send some: once the player has agreed, have the game call <code>analytics.enable(…)</code> with the address of this collector, and then <code>analytics.record(AnalyticsEvent.death({ cause: "spikes", floor: 3 }))</code>. What comes is shown here within seconds.</p>
  </section>
  <section aria-labelledby="figures-title">
    <div class="over">
      <h2 id="figures-title" tabindex="-1">At a glance</h2>
      <p id="about" class="about"></p>
    </div>
    <p id="figures-problem" class="problem" hidden></p>
    <dl id="figures" class="figures" aria-busy="true"></dl>
  </section>
  <section aria-labelledby="activity-title">
    <h2 id="activity-title">Activity</h2>
    <div id="activity" class="cards"></div>
  </section>
  <section aria-labelledby="players-title">
    <h2 id="players-title">Players</h2>
    <div id="players" class="cards"></div>
  </section>
  <section aria-labelledby="performance-title">
    <h2 id="performance-title">Performance</h2>
    <div id="performance" class="cards"></div>
  </section>
  <section aria-labelledby="game-title">
    <h2 id="game-title">Game and data</h2>
    <div id="game-cards" class="cards"></div>
    <div id="newest" class="cards"></div>
  </section>
  <p id="said" class="unseen" aria-live="polite"></p>
</main>
<dialog id="key-dialog" aria-labelledby="key-title" aria-describedby="key-about">
  <form id="key-form">
    <h2 id="key-title">API key</h2>
    <p id="key-about"></p>
    <label><span>Key</span><input id="key" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" required></label>
    <p class="about">It is kept in this tab until it is closed, and is never part of the address.</p>
    <div class="actions">
      <button id="key-cancel" type="button">Cancel</button>
      <button class="main">Use the key</button>
    </div>
  </form>
</dialog>
<noscript><p class="empty">The figures are read by a script, which is switched off.</p></noscript>
`;
