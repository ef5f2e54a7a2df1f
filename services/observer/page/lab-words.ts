/** The texts of the views of experiments, the cluster and storms in English; lab-words-zh.ts has the Chinese ones. */
import type { ExperimentGroup } from '../api.ts';
import { grouped } from './format.ts';

export interface LabTexts {
	readonly done: string;
	readonly doneOf: (done: number, all: number) => string;
	readonly allKnown: string;
	/** A figure that needs more joins. */
	readonly needs: (joins: number) => string;
	readonly noMatch: string;
	readonly noNodes: string;
	readonly noCsrs: string;
	readonly noTokens: string;
	readonly noLeases: string;
	readonly noEvents: string;
	readonly noServices: string;
	readonly groups: Readonly<Record<ExperimentGroup, string>>;
	readonly fromTerminal: string;
	readonly left: (duration: string) => string;
	readonly longer: string;
	readonly waitsFor: string;
	readonly evidence: string;
	readonly history: string;
	readonly when: string;
	readonly result: string;
	readonly took: string;
	readonly startedIn: string;
	readonly page: string;
	readonly terminal: string;
	readonly requests: string;
	readonly runGone: string;
	readonly earlierRun: string;
	readonly lastRun: string;
}

export const labTexts: LabTexts = {
	done: 'Ended',
	doneOf: (done, all) => `${grouped(done)} / ${grouped(all)}`,
	allKnown: 'All joins that the observer knows.',
	needs: (joins) => `from ${grouped(joins)} joins on`,
	noMatch: 'No row matches the filter.',
	noNodes: 'The cluster has no node.',
	noCsrs: 'No request for a certificate is stored. A join creates one.',
	noTokens: 'No bootstrap token is stored, so no node can join. Create one:',
	noLeases: 'No node has a Lease. A node creates its Lease after its join.',
	noEvents: 'No event is stored. The API server keeps an event for an hour.',
	noServices: 'The observer asks no service for its health: KUBEJOIN_SERVICES is not set.',
	groups: {
		start: 'Start here',
		token: 'Token',
		pin: 'Pin and discovery',
		outage: 'Outage',
		clock: 'Clock',
		rights: 'Rights',
		rotation: 'Rotation',
		other: 'Operation',
	},
	fromTerminal: 'from a terminal',
	left: (duration) => `about ${duration} left`,
	longer: 'longer than expected',
	waitsFor: 'Waits for',
	evidence: 'Evidence',
	history: 'Earlier runs',
	when: 'Started',
	result: 'Result',
	took: 'Duration',
	startedIn: 'Started from',
	page: 'page',
	terminal: 'terminal',
	requests: 'See the requests',
	runGone: 'This run is no longer stored: the observer keeps the newest runs of each experiment.',
	earlierRun: 'This is an earlier run.',
	lastRun: 'Show the last run',
};
