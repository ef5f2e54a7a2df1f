import { computed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Step } from '../api.ts';
import { inOrder } from '../order.ts';
import type { Store } from './store.ts';

/** The steps of a join in order, followed while it is shown. @param id  undefined: no join is shown */
export function useSteps(store: Store, id: string | undefined): readonly Step[] {
	const following = useMemo(() => (id === undefined ? undefined : store.follow(id)), [id]);
	useEffect(() => following?.close, [following]);
	// A computed signal that is kept would have the steps of the join before.
	const steps = useMemo(() => computed(() => inOrder(following?.steps.value.values() ?? [])), [following]);
	return steps.value;
}
