/** Every attack, in the order of docs/attacks.md. */
import type { AttackGroup } from './attack.ts';
import { authorization } from './authorization.ts';
import { connections } from './connections.ts';
import { eventLoop } from './event-loop.ts';
import { kubelet } from './kubelets.ts';
import { objects } from './objects.ts';
import { observer } from './observer.ts';
import { requests } from './requests.ts';
import { texts } from './texts.ts';

export const attackGroups: readonly AttackGroup[] = [
	authorization,
	kubelet,
	requests,
	connections,
	objects,
	eventLoop,
	observer,
	texts,
];
