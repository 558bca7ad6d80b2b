import { render } from 'preact';
import { BoardState } from './live/board-state.js';
import { App } from './ui/app.js';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
const state = new BoardState();
render(<App state={state} />, root);
state.start();
