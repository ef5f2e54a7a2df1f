/**
 * Records events of a component. Recording never waits and never fails: events are sent one after the other, and an
 * event that the server refuses is dropped.
 *
 * @source client-go/tools/record/event.go
 */
import { randomUUID } from 'node:crypto';
import { type Clock, rfc3339 } from '../clock.ts';
import { asKubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { errorFields, type Log } from '../log.ts';
import { type Pause, pauseFor } from '../poll.ts';
import type { ApiClient } from './client.ts';
import { EventCorrelator } from './events/correlate.ts';
import { subdomainProblems } from './names.ts';
import type { Event, ObjectReference } from './types.ts';

export type EventType = 'Normal' | 'Warning';
/** @param reason  for machines, for example `NodeReady` */
export type RecordEvent = (about: ObjectReference, type: EventType, reason: string, message: string) => void;

export interface EventRecorder {
	readonly record: RecordEvent;
	/** Resolves when all recorded events are sent, or the signal has aborted. */
	readonly idle: () => Promise<void>;
}

export interface EventRecorderOptions {
	readonly events: Pick<ApiClient['events'], 'create' | 'patch'>;
	readonly component: string;
	/** The node of the component; absent for a component of the control plane. */
	readonly host?: string;
	readonly clock: Clock;
	/** Shared by the nodes of a process, because it takes several KB. Default: its own. */
	readonly correlator?: EventCorrelator | undefined;
	readonly signal: AbortSignal;
	readonly log?: Log;
	readonly pause?: Pause;
}

/** @source maxTriesPerEvent, defaultSleepDuration */
const MAX_ATTEMPTS = 12;
const RETRY_MS = 10_000;
const MAX_QUEUED = limits.queuedEvents.value;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
	const recorder = new Recorder(options);
	return {
		record: (about, type, reason, message) => recorder.record(about, type, reason, message),
		idle: () => recorder.idle(),
	};
}

class Recorder {
	readonly #options: EventRecorderOptions;
	readonly #correlator: EventCorrelator;
	#queue: Event[] = [];
	#sending: Promise<void> | undefined;
	#lastNano = 0n;

	constructor(options: EventRecorderOptions) {
		this.#options = options;
		this.#correlator = options.correlator ?? new EventCorrelator(options.clock);
	}

	record(about: ObjectReference, type: EventType, reason: string, message: string): void {
		const { component, host, clock, log, signal } = this.#options;
		if (signal.aborted) return;
		if (this.#queue.length >= MAX_QUEUED) {
			log?.warn({ reason }, 'dropped an event: too many wait to be sent');
			return;
		}
		const timestamp = rfc3339(clock());
		this.#queue.push({
			apiVersion: 'v1',
			kind: 'Event',
			metadata: { name: this.#newName(about.name ?? ''), namespace: about.namespace || 'default' },
			involvedObject: about,
			...{ reason, message, type, count: 1, firstTimestamp: timestamp, lastTimestamp: timestamp },
			source: { component, ...(host === undefined ? {} : { host }) },
			reportingComponent: component,
			reportingInstance: host ?? '',
		});
		this.#sending ??= this.#send().finally(() => {
			this.#sending = undefined;
		});
	}

	async idle(): Promise<void> {
		await this.#sending;
	}

	/** Events about one object in the same millisecond have different names. @source GenerateEventName */
	#newName(about: string): string {
		const now = BigInt(Math.floor(this.#options.clock() * 1000)) * 1000n;
		this.#lastNano = now > this.#lastNano ? now : this.#lastNano + 1n;
		const name = `${about}.${this.#lastNano.toString(16)}`;
		return subdomainProblems(name).length === 0 ? name : randomUUID();
	}

	async #send(): Promise<void> {
		const { signal } = this.#options;
		for (let event = this.#queue.shift(); event !== undefined && !signal.aborted; event = this.#queue.shift())
			await this.#sendOne(event);
		this.#queue = [];
	}

	async #sendOne(recorded: Event): Promise<void> {
		const { signal, log, pause = pauseFor } = this.#options;
		const correlated = this.#correlator.correlate(recorded, () => this.#newName(recorded.involvedObject?.name ?? ''));
		if (correlated === undefined) return;
		const { event, patch } = correlated;
		for (let attempt = 1; !signal.aborted; attempt++) {
			try {
				this.#correlator.written(await this.#write(event, patch));
				return;
			} catch (error) {
				const known = asKubejoinError(error);
				if (signal.aborted) return;
				// A refusal of the API server is final; other errors mean that it cannot be reached.
				if (known.code.startsWith('API_') || attempt >= MAX_ATTEMPTS) {
					log?.debug({ reason: event.reason, ...errorFields(known) }, 'dropped an event');
					return;
				}
				await pause(RETRY_MS, signal);
			}
		}
	}

	async #write(event: Event, patch: object | undefined): Promise<Event> {
		const { events } = this.#options;
		if (patch === undefined) return events.create(event);
		const { name = '', namespace = '' } = event.metadata;
		return events.patch(name, patch, { namespace, type: 'strategic' }).catch((error: unknown) => {
			if (asKubejoinError(error).code !== 'API_NOT_FOUND') throw error;
			return events.create(event);
		});
	}
}
