/** The texts of the page in English. Each needs its Chinese text in catalogue-zh.ts, or the page does not compile. */

export const catalogue = {
	title: 'kubejoin',
	tagline: 'Watch a node join a cluster',
	joins: 'Joins',
	map: 'Map',
	breakIt: 'Break it',
	breakToken: 'Join with an expired token',
	breakAttacker: 'Attacker in the middle',
	breakService: 'Stop a service',
	tabConnection: 'Connection',
	tabRequest: 'Request',
	tabDecision: 'Decision',
	tabAttacker: 'Attacker',
	panelWidth: 'Width of the panel',
	cluster: 'Cluster',
	storm: 'Storm',
	views: 'Views',
	language: 'Language',
	disconnected: 'The observer does not answer. Trying again…',
	joinANode: 'Join a node',
	joinWithWrongPin: 'Join with a wrong pin',
	readOnly: 'This page is read-only. To allow actions, set KUBEJOIN_ALLOW_ACTIONS=true; read SECURITY.md first.',
	noJoins: 'No node has joined yet. A join appears here while it runs.',
	filter: 'Filter by node or error code',
	more: 'Show more',
	compareWith: 'Compare with',
	noOther: 'no other join',
	joining: 'joining',
	joined: 'joined',
	refused: 'refused',
	forgotten: 'The observer no longer has the steps of this join.',
	unknownJoin: 'The observer does not know this join: it restarted without a state directory, or the join is too old.',
	steps: 'Steps of the join',
	selectStep: 'Select a step to see its data.',
	showStore: 'Show store operations',
	nodeTrusts: 'The node trusts the cluster: it can send its token',
	clusterTrusts: 'The cluster trusts the node: it has a certificate',
	unverified: 'TLS, server not verified',
	oneWay: 'TLS, server verified',
	mutual: 'mutual TLS',
	legend: 'Protection',
	first: 'First step',
	back: 'Step back',
	forward: 'Step forward',
	last: 'Last step',
	play: 'Play',
	pause: 'Pause',
	speed: 'Speed',
	position: 'Step',
	seenByWatch: 'seen by watch',
	close: 'Close',
	details: 'Details',
	copy: 'Copy',
	copied: 'Copied',
	bytes: 'Bytes',
	asSent: 'Content as sent',
	same: 'Both nodes took the same steps.',
	nodes: 'Nodes',
	tokens: 'Bootstrap tokens',
	requests: 'Certificate signing requests',
	services: 'Services',
	name: 'Name',
	status: 'Status',
	heartbeat: 'Heartbeat',
	certificate: 'Certificate',
	expired: 'expired',
	neverExpires: 'never',
	noHeartbeat: 'none yet',
	expires: 'Expires',
	usages: 'Usages',
	description: 'Description',
	requester: 'Requester',
	signer: 'Signer',
	condition: 'Condition',
	approve: 'Approve',
	deny: 'Deny',
	decide: 'Decision',
	none: 'none',
	health: 'Health',
	ok: 'ok',
	failing: 'failing',
	away: 'unavailable',
	perSecond: 'joins per second',
	median: 'median',
	p99: '99th percentile',
	phases: 'Phases',
	failures: 'Failures',
	distribution: 'Distribution',
	noStorm: 'No join has ended yet.',
	experiments: 'Experiments',
	noExperiments: 'This observer has no experiments.',
	aboutExperiments: 'Each experiment injects a fault into the join and states in advance which properties must hold.',
	lesson: 'Lesson',
	securityVerdict: 'Security',
	availabilityVerdict: 'Availability',
	held: 'held',
	violated: 'violated',
	unknown: 'not known',
	notYet: 'not yet known',
	redByDesign:
		'Red is the expected result: this experiment shows an insecure setting. The violation is no defect of kubejoin.',
	run: 'Run',
	stop: 'Stop',
	stopping: 'Stopping…',
	running: 'running',
	rollingBack: 'The rollback is running.',
	asPredicted: 'As predicted',
	notAsPredicted: 'Not as predicted',
	interrupted: 'Stopped',
	inATerminal: 'In a terminal',
	cannotRun: 'This page is read-only, so it has no Run button. Run the experiment in a terminal:',
	noRunner:
		'The experiment runner is not available, so there is no Run button. Read SECURITY.md, then start it with ' +
		'“docker compose --profile experiments up -d”. Or run the experiment in a terminal:',
	activities: 'Steps of the experiment',
	partConfiguration: 'Values that are looked up first',
	partBefore: 'Before: steady state',
	partMethod: 'Method',
	partAfter: 'After: steady state',
	partRollbacks: 'Rollbacks',
	probe: 'probe',
	action: 'action',
	passed: 'passed',
	failed: 'failed',
	whyNot: 'Why it did not pass',
	joinsOfRun: 'Joins during this run',
	noJoinsOfRun: 'None.',
	sectionMessage: 'Message',
	sectionCheck: 'Check',
	sectionDecision: 'Authorization',
	sectionCertificate: 'Certificate',
	sectionCsr: 'Certificate signing request',
	sectionPin: 'The pin, step by step',
	sectionJws: 'Parts of the signature',
	sectionKubeconfig: 'Kubeconfig',
	sectionToken: 'Bootstrap token',
	sectionFailure: 'Failure',
	sectionAttributes: 'Attributes of the span',
};

export type Word = keyof typeof catalogue;

/** Texts with values: the order of words differs, so that a text is never put together from parts. */
export interface Messages {
	readonly ago: (duration: string) => string;
	readonly expiresIn: (duration: string) => string;
	/** A countdown, `0:04:59`. */
	readonly left: (time: string) => string;
	readonly next: (phase: string) => string;
	/** Before the meaning of an error whose message stays English. */
	readonly meaning: string;
	readonly runsNow: string;
	readonly predicted: (verdict: string) => string;
	readonly tier: (tier: string) => string;
	readonly report: string;
	readonly withLabel: (label: string) => string;
	readonly list: (items: readonly string[]) => string;
	readonly moreItems: (count: number) => string;
	readonly nothing: string;
	readonly difference: (left: NamedStep, right: NamedStep) => string;
	/** A step that failed, in a sentence. */
	readonly failedStep: (step: string, code: string) => string;
	readonly arrow: (from: string, to: string, protection: string | undefined) => string;
}
interface NamedStep {
	readonly node: string;
	/** Undefined: this join has no further step. */
	readonly step: string | undefined;
}

export const messages: Messages = {
	ago: (duration) => `${duration} ago`,
	expiresIn: (duration) => `Expires in ${duration}`,
	left: (time) => `in ${time}`,
	next: (phase) => `In progress: ${phase}`,
	meaning: 'Meaning',
	runsNow: 'Running now: ',
	predicted: (verdict) => `predicted: ${verdict}`,
	tier: (tier) => `tier ${tier}`,
	report: 'Report: ',
	withLabel: (label) => `${label}: `,
	list: (items) => items.join(', '),
	moreItems: (count) => `Show more (${count})`,
	nothing: 'no step',
	difference: (left, right) =>
		`The first difference: ${left.node}: ${left.step ?? 'no step'}; ${right.node}: ${right.step ?? 'no step'}`,
	failedStep: (step, code) => `${step} (${code})`,
	arrow: (from, to, protection) =>
		protection === undefined ? `${from} → ${to}: ` : `${from} → ${to}, ${protection}: `,
};

/** Errors that are a normal answer to the caller. */
export const expectedErrors = {
	API_NOT_FOUND: 'does not exist yet',
	API_ALREADY_EXISTS: 'exists already',
};
