/** The panel of the map is a file of its own: a reader of the map does not wait for it. */
import { useAnswer } from '../use-answer.ts';
import type { MapPanelProps } from './panel.tsx';

export function LazyMapPanel(props: MapPanelProps) {
	// Another version of the observer has no file of that name.
	const loaded = useAnswer(() => import('./panel.tsx').catch(() => undefined), []);
	return loaded === undefined ? null : <loaded.MapPanel {...props} />;
}
