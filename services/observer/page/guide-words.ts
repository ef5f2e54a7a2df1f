/** The texts of the guide for a first visit in English; guide-words-zh.ts has the Chinese ones. */
export const guideTexts = {
	heading: 'First visit',
	intro:
		'A node wants to join this cluster. Neither knows the other. ' +
		'Watch how each proves itself, in eight steps of a real join.',
	readOnly: 'This page is read-only, so start a join in a terminal. The guide follows it.',
	begin: 'Begin',
	next: 'Next',
	previous: 'Previous',
	end: 'End',
	help: 'Guide and keys',
	keys: 'Keys',
	singleKeys: 'Single keys',
	keyViews: 'views',
	keyJoin: 'join a node',
	keyTable: 'the map as a table',
	keyRows: 'next and previous step of a join',
	keyPanel: 'previous and next step in the panel',
	keyPlay: 'play or pause the replay',
	keyStep: 'one step of the replay',
	keySpace: 'Space',
	keyClose: 'close the panel or this guide',
	keyFilter: 'filter',
	keyLanguage: 'language',
	keyHelp: 'this guide',
	stopNode: 'The node has a join token and the pin: the hash of the key of the cluster CA. It trusts nothing yet.',
	stopDoor:
		'It downloads cluster-info from the API server. TLS encrypts the answer, but nothing proves who sent it, ' +
		'so the line is dashed.',
	stopPin:
		'The node computes the hash of the CA key in that answer. If it equals the pin, the node trusts this CA. ' +
		'Otherwise it stops here and keeps its token.',
	stopToken:
		'Now the API server proves its name with a certificate of that CA: one-way TLS, one seal. ' +
		'The node shows its token, and token-store verifies it.',
	stopApprove:
		'The node asks for a certificate. The controller manager checks the rights of the requester and approves.',
	stopSign:
		'Only ca-service has the key of the cluster CA. It signs the key of the node, whose private half never left it.',
	stopMutual: 'The node now has a certificate. Each side verifies the other: mutual TLS, a double line and two seals.',
	stopRing:
		'The ring around a sign is the lifetime that its certificate has left. The kubelet renews it before it ends.',
	breakIt: 'Now break it: choose a fault in the menu “Break it”, and see where the join stops and what it kept.',
};
export type GuideWord = keyof typeof guideTexts;
