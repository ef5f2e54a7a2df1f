/** Starts the page: its address selects the view, the stream of the observer fills it. */
import { render } from 'preact';
import { App } from './app.tsx';
import { createKeys } from './keys.ts';
import { createNavigation } from './navigation.ts';
import { createStore } from './store.ts';
import { createLanguages } from './words.ts';

const navigation = createNavigation();
const store = createStore();
const keys = createKeys();
const languages = await createLanguages(navigation.route.value.lang);
render(<App store={store} navigation={navigation} keys={keys} languages={languages} />, document.body);
