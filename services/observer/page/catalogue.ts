/** The texts of the page in English. Each needs its Chinese text in catalogue-zh.ts, or the page does not compile. */

import { grouped } from './format.ts';
import type { PhaseName } from './state-at.ts';

export const catalogue = {
	title: 'kubejoin',
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
	certificates: 'Certificates',
	cluster: 'Cluster',
	storm: 'Storm',
	views: 'Views',
	language: 'Language',
	notLoaded: 'This view did not load. Reload the page.',
	joinANode: 'Join a node',
	joinWithWrongPin: 'Join with a wrong pin',
	readOnly: 'Read-only',
	becauseCompose:
		'This page is read-only, the default of Docker Compose: every client that reaches it could act. ' +
		'Read SECURITY.md. To allow actions, run:',
	becauseOption: 'This page is read-only because of `--no-allow-actions`. To allow actions, start without it:',
	becauseNoKubeconfig:
		'This page is read-only because the observer has no kubeconfig. To allow actions, restart it with:',
	withDocker: 'With Docker:',
	faultKilled: 'killed',
	faultPaused: 'paused',
	faultCut: 'cut off',
	faultSkewed: 'wrong clock',
	faultChanged: 'changed',
	faultAttacked: 'attacks',
	everyParty: 'every party',
	byProbe: 'found by its health probe',
	noJoins: 'No node has joined yet. A join appears here while it runs.',
	filter: 'Filter by node or error code',
	compareWith: 'Compare with',
	noOther: 'no other join',
	joining: 'joining',
	joined: 'joined',
	refused: 'refused',
	forgotten:
		'The steps of this join are no longer stored: the observer keeps the newest 1,000 joins ' +
		'(KUBEJOIN_KEPT_JOINS), in at most 64 MiB.',
	unknownJoin: 'This join is too old, or the observer restarted without a state directory.',
	allJoins: 'All joins',
	unknownStep: 'This join has no step with the name in the address.',
	unknownExperiment: 'No experiment has this name:',
	nothingHere: 'Nothing has this name',
	nothingHereWhy: 'The address names no party, line or view. A node that left the cluster is in no map.',
	wholeMap: 'Whole map',
	steps: 'Steps of the join',
	showStore: 'Show store operations',
	nodeTrusts: 'The node trusts the cluster. It can show its credential now.',
	clusterTrusts: 'The cluster trusts the node. It has a certificate.',
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
	leases: 'Leases',
	events: 'Events',
	node: 'Node',
	age: 'Age',
	holder: 'Holder',
	renewed: 'Renewed',
	object: 'Object',
	lastSeen: 'Last seen',
	type: 'Type',
	reason: 'Reason',
	message: 'Message',
	filterRows: 'Filter rows',
	previousPage: 'Previous page',
	nextPage: 'Next page',
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
	aboutExperiments: 'Each experiment injects a fault and states in advance which properties must hold.',
	lesson: 'Lesson',
	securityVerdict: 'Security',
	availabilityVerdict: 'Availability',
	held: 'held',
	violated: 'violated',
	unknown: 'not known',
	notAtStake: 'not at stake',
	notYet: 'not yet known',
	redByDesign: 'Red is expected: this experiment shows an insecure setting, and no defect of kubejoin.',
	run: 'Run',
	stop: 'Stop',
	stopping: 'Stopping…',
	running: 'running',
	rollingBack: 'The rollback is running.',
	asPredicted: 'As predicted',
	notAsPredicted: 'Not as predicted',
	interrupted: 'Stopped',
	inATerminal: 'In a terminal:',
	noRunner: 'The experiment runner is not available. It controls Docker, so read SECURITY.md, then start it:',
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
	currentJoin: 'The join that is shown',
	noJoinYet: 'No node has joined yet.',
	noJoinHow: 'Choose “Join a node” to watch one.',
	noJoinLink: 'Join one in a terminal',
	openJoin: 'Open join',
	clusterWord: 'cluster',
	nodeTrustsNothing: 'The node does not trust the cluster yet',
	nodeTrustsNothingWhy: 'It has verified no server',
	nodeTrustsCa: 'The node trusts the cluster CA',
	nodeTrustsCaWhy: 'The pin or the discovery file names this CA',
	nodeTrustsCluster: 'The node trusts the cluster',
	nodeTrustsClusterWhy: 'The API server has a certificate of the trusted CA',
	nodeTrustsAnyone: 'The node trusts any holder of the token',
	nodeTrustsAnyoneWhy: 'It accepted the CA without a pin',
	nodeTrustUnknown: 'The checks of the node are unknown',
	nodeTrustUnknownWhy: 'The node sends no traces; its messages are known from the services',
	nodeRefuses: 'The node does not trust this cluster',
	nodeRefusesWhy: 'It stopped before it verified a server',
	clusterTrustsNothing: 'The cluster does not trust the node yet',
	clusterTrustsNothingWhy: 'The node has shown nothing',
	clusterTrustsCredential: 'The API server accepts its credential',
	clusterTrustsNode: 'The cluster trusts the node',
	clusterTrustsNodeWhy: 'The node has a certificate of the cluster CA',
	clusterNothing: 'The cluster has nothing to trust',
	clusterNothingWhy: 'The node sent no credential and no request',
	shortNotYet: 'not yet',
	shortCa: 'CA trusted',
	shortTrusted: 'trusted',
	shortAnyone: 'any token holder',
	shortUnknown: 'unknown',
	legendNone: 'server not verified',
	legendOneWay: 'one-way: server proved itself',
	legendMutual: 'mutual: each proved itself',
	clusterCa: 'cluster CA',
	meshCa: 'mesh CA',
	tableView: 'Table view',
	pauseMessages: 'Pause messages',
	parties: 'Parties',
	connections: 'Connections',
	from: 'From',
	to: 'To',
	protection: 'Protection',
	calls: 'Calls',
	lineClear: 'not encrypted',
	lineNone: 'TLS, server not verified',
	lineOneWay: 'one-way TLS',
	lineMutual: 'mutual TLS',
	lineBroken: 'refused',
	lineAttacker: 'attacker',
	linePlanned: 'no message seen yet',
	lineFile: 'local file',
	headingNodes: 'People and nodes',
	headingBetween: 'Between them',
	headingDoor: 'Front door',
	headingControl: 'Control plane',
	storeRegistry: 'objects',
	storeTokens: 'tokens',
	storeLedger: 'ledger',
	joinStorm: 'Join storm',
	openStorm: 'Open storm',
	rateHistory: 'Joins per second, last minute',
	attackerCard: 'not a part of this cluster',
	stopped: 'stopped',
	silent: 'does not answer',
	unreachable: 'not reachable',
	keptCredential: 'kept its credential',
	noCertificateYet: 'no certificate yet',
	taskKey: 'verifies tokens',
	taskLoop: 'approves requests',
	taskRosette: 'signs certificates',
	taskPerson: 'kubernetes-admin',
	taskEye: 'watches the cluster',
	refusedByNode: 'Refused by the node',
	refusedByCluster: 'Refused by the cluster',
	lastMessages: 'Last messages',
	refusedConnections: 'Refused connections',
	client: 'Client',
	server: 'Server',
	proved: 'proved its identity',
	notProved: 'did not prove its identity',
	explainClear: 'This connection has no TLS: every program on its path can read and change the messages.',
	explainNone: 'The messages are encrypted, but the client has not verified who answers. It sends nothing secret.',
	explainOneWay:
		'The client verified the certificate of the server. The server does not know the client by a certificate.',
	explainMutual: 'Each side verified the certificate of the other.',
	explainBroken: 'One side refused the connection or its answer, and the join stopped here.',
	explainAttacker: 'This program is not a part of the cluster.',
	explainPlanned: 'These two programs talk when a node joins. No message was seen yet.',
	explainFile: 'The store is a file on the disk of the service. No message leaves its machine.',
	trustNow: 'Trust now',
	trustNone: 'no trust yet',
	trustCa: 'node trusts the CA',
	trustCredential: 'credential accepted',
	trustBoth: 'each trusts the other',
	trustUnpinned: 'any token holder could be the cluster',
	laneApi: 'API server',
	laneTokens: 'Token store',
	laneController: 'Controller',
	laneCa: 'CA',
	laneAttacker: 'Attacker',
	clientChecked: 'The client checked the server',
	serverChecked: 'The server checked the client',
	negotiated: 'Negotiated',
	thisConnection: 'This connection',
	otherConnection: 'For comparison',
	chain: 'Chain',
	purpose: 'Purpose',
	validUntil: 'Valid until',
	identity: 'Identity',
	protocol: 'Protocol',
	cipher: 'Cipher',
	keyExchange: 'Key exchange',
	alpn: 'ALPN',
	resumed: 'Resumed',
	yes: 'yes',
	no: 'no',
	notChecked: 'not checked',
	notReported: 'not reported',
	noCertificate: 'No certificate',
	otherParty: 'Another party terminates TLS between them.',
	oneReport: 'Only one end reported this connection.',
	sectionCheck: 'Check',
	sectionDecision: 'Authorization',
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
	readonly difference: (left: NamedStep, right: NamedStep) => string;
	/** A step that failed, in a sentence. */
	readonly failedStep: (step: string, code: string) => string;
	readonly arrow: (from: string, to: string, protection: string | undefined) => string;
	/** The two ends of a connection. */
	readonly between: (from: string, to: string) => string;
	readonly calls: (count: number, perMinute: number) => string;
	/** @param failed  calls, of all; a count of refused nodes may be beside it */
	readonly callsPerMinute: (count: number, failed: number) => string;
	/** @param all  more: the newest are shown */
	readonly nodeCount: (count: number, all?: number) => string;
	readonly lifeLeft: (duration: string) => string;
	readonly renewsSoon: (left: string) => string;
	readonly clockOffset: (duration: string, isAhead: boolean) => string;
	readonly phaseOf: (number: number, all: number) => string;
	readonly knowsToken: (user: string) => string;
	readonly tokenBytes: (bytes: number) => string;
	readonly fieldSummary: (count: number, fastest: string, slowest: string) => string;
	readonly rowsOf: (first: number, last: number, all: number) => string;
	readonly validUntil: (date: string) => string;
	readonly sanCount: (count: number) => string;
	readonly issuedBy: (ca: string) => string;
	readonly joinCount: (count: number) => string;
	/** @param last  when the last round begins */
	readonly repeated: (rounds: number, last: string) => string;
	/** @param duration  since the last answer */
	readonly disconnected: (duration: string) => string;
	readonly about: (duration: string) => string;
	readonly stepOf: (step: number, all: number) => string;
	readonly faultOf: (party: string, fault: string) => string;
	readonly causedBy: (experiment: string) => string;
	readonly availableAgain: (party: string) => string;
	readonly connectionsRefused: (count: number) => string;
	/** Before the reason, which stays English. */
	readonly refusedConnection: (party: string, peer: string) => string;
	readonly listensOn: (address: string) => string;
	/** Joins that ended, of all. */
	readonly endedOf: (ended: number, all: number) => string;
	readonly issuerIs: (subject: string) => string;
	readonly serialIs: (serial: string) => string;
	readonly handshakeFailed: (code: string) => string;
	readonly validFromTo: (from: string, to: string) => string;
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
	moreItems: (count) => `Show more (${grouped(count)})`,
	difference: (left, right) =>
		`The first difference: ${left.node}: ${left.step ?? 'no step'}; ${right.node}: ${right.step ?? 'no step'}`,
	failedStep: (step, code) => `${step} (${code})`,
	arrow: (from, to, protection) =>
		protection === undefined ? `${from} → ${to}: ` : `${from} → ${to}, ${protection}: `,
	between: (from, to) => `${from} → ${to}`,
	calls: (count, perMinute) =>
		`${count === 1 ? '1 call' : `${grouped(count)} calls`}, ${grouped(perMinute)} in the last minute`,
	callsPerMinute: (count, failed) => {
		const calls = count === 1 ? '1 call/min' : `${grouped(count)} calls/min`;
		return failed === 0 ? calls : `${calls} · ${grouped(failed)} failed`;
	},
	nodeCount: (count, all = count) =>
		(all > count ? `newest ${grouped(count)} of ` : '') + (all === 1 ? '1 node' : `${grouped(all)} nodes`),
	lifeLeft: (duration) => `${duration} left`,
	renewsSoon: (left) => `${left} · renews`,
	clockOffset: (duration, isAhead) => `${isAhead ? '+' : '−'}${duration}`,
	phaseOf: (number, all) => `phase ${number} of ${all}`,
	knowsToken: (user) => `The node knows a valid token: ${user}`,
	tokenBytes: (bytes) => `Token bytes sent: ${grouped(bytes)}`,
	fieldSummary: (count, fastest, slowest) =>
		`${grouped(count)} nodes, in the order of their start · shade: time to join, ${fastest} to ${slowest}`,
	rowsOf: (first, last, all) => `${grouped(first)}–${grouped(last)} of ${grouped(all)}`,
	validUntil: (date) => `valid until ${date}`,
	sanCount: (count) => `${grouped(count)} SANs`,
	issuedBy: (ca) => `Issued by the ${ca}`,
	repeated: (rounds, last) => `× ${grouped(rounds)} until +${last}`,
	joinCount: (count) => (count === 1 ? '1 join' : `${grouped(count)} joins`),
	disconnected: (duration) =>
		`The observer has not answered for ${duration}. The page shows its last known state and tries again…`,
	about: (duration) => `about ${duration}`,
	stepOf: (step, all) => `step ${step} of ${all}`,
	faultOf: (party, fault) => `${party} ${fault}`.trim(),
	causedBy: (experiment) => `caused by the experiment ${experiment}`,
	connectionsRefused: (count) => (count === 1 ? '1 connection refused' : `${grouped(count)} connections refused`),
	availableAgain: (party) => `${party} available again`,
	refusedConnection: (party, peer) => `${party} refused a connection from ${peer}:`,
	listensOn: (address) =>
		`This page is read-only because it listens on ${address}: other machines can reach it. ` +
		'Read SECURITY.md. To allow actions, restart the observer with this setting:',
	endedOf: (ended, all) => `${grouped(ended)} of ${grouped(all)} ended`,
	issuerIs: (subject) => `issued by ${subject}`,
	serialIs: (serial) => `serial ${serial}`,
	handshakeFailed: (code) => `The client refused the server: ${code}`,
	validFromTo: (from, to) => `Valid from ${from} to ${to}`,
};

/** Errors that are a normal answer to the caller. */
export const expectedErrors = {
	API_NOT_FOUND: 'no',
	API_ALREADY_EXISTS: 'exists already',
};

/** A request in the words of its sender. */
export const requestTexts = {
	download: 'downloads cluster-info',
	downloadAgain: 'downloads cluster-info again',
	readKubelet: 'reads the kubelet configuration',
	readConfig: 'shows its token, reads config',
	readCluster: 'reads the cluster config',
	askName: 'asks if its name exists',
	verifyToken: 'is this token valid?',
	requestCertificate: 'asks for a certificate',
	mayHave: 'may this requester have one?',
	approve: 'approves the request',
	sign: 'sign this key',
	deliver: 'delivers the certificate',
	awaitCertificate: 'waits for its certificate',
	register: 'registers itself',
	findNode: 'looks for its Node',
	findLease: 'asks for its Lease',
	createLease: 'creates its Lease',
	seeRequest: 'sees the request',
	seeApproval: 'sees the approval',
	receiveCertificate: 'receives the certificate',
};
export type RequestWord = keyof typeof requestTexts;

export interface PhaseSentence {
	/** Below the bar of the phase. */
	readonly short: string;
	readonly sentence: string;
	readonly failed: string;
}

export const phaseSentences: Readonly<Record<PhaseName, PhaseSentence>> = {
	preflight: { short: 'preflight', sentence: 'checks its own input', failed: 'its own input is not valid' },
	'discovery/fetch-cluster-info': {
		short: 'cluster-info',
		sentence: 'received a copy, not verified',
		failed: 'received no copy',
	},
	'discovery/verify-signature': {
		short: 'signature',
		sentence: 'the author of the copy knows the token',
		failed: 'the author of the copy does not know the token',
	},
	'discovery/pin-ca': {
		short: 'pin CA',
		sentence: 'the key of the CA matches the pin',
		failed: 'the key of the CA does not match the pin',
	},
	'discovery/trust-without-pin': {
		short: 'no pin',
		sentence: 'accepts the CA without a pin',
		failed: 'does not accept the CA',
	},
	'discovery/read-file': {
		short: 'read file',
		sentence: 'trusts the CA of its discovery file',
		failed: 'the discovery file is not valid',
	},
	'discovery/verify-server': {
		short: 'verify server',
		sentence: 'the API server proved its name',
		failed: 'the API server did not prove its name',
	},
	'tls-bootstrap/read-config': {
		short: 'read config',
		sentence: 'the API server accepts its credential',
		failed: 'cannot read the configuration of the cluster',
	},
	'discovery/confirm': {
		short: 'confirm',
		sentence: 'both copies are the same, byte for byte',
		failed: 'the two copies are not confirmed',
	},
	'tls-bootstrap/check-node-name': {
		short: 'check name',
		sentence: 'the name is free',
		failed: 'the cluster does not accept the credential or the name',
	},
	'tls-bootstrap/create-key': {
		short: 'create key',
		sentence: 'creates its private key',
		failed: 'cannot create its private key',
	},
	'tls-bootstrap/request-certificate': {
		short: 'request cert',
		sentence: 'the cluster CA signed its key',
		failed: 'received no certificate',
	},
	'tls-bootstrap/verify-certificate': {
		short: 'verify cert',
		sentence: 'the certificate is the one it asked for',
		failed: 'the certificate is not the one it asked for',
	},
	register: { short: 'register', sentence: 'listed as a node, over mutual TLS', failed: 'is not registered' },
};
