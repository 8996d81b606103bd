// This module is browser compatible.

/** The body of the page, empty: all that servers and players say is put in as text, by the script. */
export const PAGE_MARKUP = `
<header>
  <h1 id="title">Leaderboards</h1>
  <span id="state" class="state" role="status" data-state="connecting">connecting</span>
</header>
<main>
  <div class="controls">
    <label id="titles" hidden>Game <select id="game"></select></label>
    <label>Board <select id="board"></select></label>
    <label>Period <select id="period"></select></label>
    <label id="classes" hidden>Class <select id="class"></select></label>
  </div>
  <form id="find" role="search">
    <label>Find a player <input id="player" maxlength="64" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="Player id"></label>
    <button class="main">Find</button>
    <button id="top" type="button" hidden>Top</button>
  </form>
  <p id="note" class="note" role="alert" hidden></p>
  <div id="card" class="card">
    <table aria-describedby="range">
      <caption id="caption">Loading</caption>
      <thead>
        <tr>
          <th class="rank" scope="col">Rank</th>
          <th scope="col">Player</th>
          <th class="score" scope="col">Score</th>
          <th class="when" scope="col">When</th>
        </tr>
      </thead>
      <tbody id="rows"></tbody>
    </table>
    <p id="empty" class="empty" hidden>Nobody is here yet</p>
    <nav aria-label="Pages">
      <button id="previous" type="button" disabled>Previous</button>
      <p id="range"></p>
      <button id="next" type="button" disabled>Next</button>
    </nav>
  </div>
  <p id="said" class="unseen" aria-live="polite"></p>
</main>
<noscript><p class="empty">The boards are read by a script, which is switched off.</p></noscript>
`;
