/**
 * The events of a node: its kubelet starts, and it becomes ready.
 *
 * @source pkg/kubelet kubelet.go BirthCry, kubelet_node_status.go recordNodeStatusEvent
 * @differs upstream also records the pressure conditions, which kubelet-sim does not measure
 */
import { createEventRecorder, type EventRecorderOptions } from '../../lib/kube/event-recorder.ts';

export interface NodeEventsOptions extends Pick<EventRecorderOptions, 'clock' | 'correlator' | 'signal'> {
	readonly nodeName: string;
	/** Of the current connection. */
	readonly events: () => EventRecorderOptions['events'];
}

export class NodeEvents {
	readonly #nodeName: string;
	readonly #record: ReturnType<typeof createEventRecorder>['record'];
	readonly #ending = new AbortController();
	#hasStarted = false;

	constructor({ nodeName, events, clock, correlator, signal }: NodeEventsOptions) {
		this.#nodeName = nodeName;
		const { record } = createEventRecorder({
			events: {
				create: (event, options) => events().create(event, options),
				patch: (name, document, options) => events().patch(name, document, options),
			},
			...{ component: 'kubelet', host: nodeName, clock, correlator },
			signal: AbortSignal.any([signal, this.#ending.signal]),
		});
		this.#record = record;
	}

	started(uid: string): void {
		if (this.#hasStarted) return;
		this.#hasStarted = true;
		this.#record(this.#reference(uid), 'Normal', 'Starting', 'Starting kubelet.');
	}
	ready(uid: string): void {
		const message = `Node ${this.#nodeName} status is now: NodeReady`;
		this.#record(this.#reference(uid), 'Normal', 'NodeReady', message);
	}
	end(): void {
		this.#ending.abort();
	}

	#reference(uid: string) {
		return { kind: 'Node', name: this.#nodeName, uid, apiVersion: 'v1' };
	}
}
