import assert from 'node:assert/strict';
import { parseKubeconfig } from './kubeconfig.ts';
import { kubeconfigProblems } from './kubeconfig-validation.ts';

describe('a whole kubeconfig', () => {
	const problems = (config: object): readonly string[] =>
		kubeconfigProblems(parseKubeconfig(JSON.stringify(config), 'f'), (file) =>
			file === '/none' ? 'open /none: no such file or directory' : undefined,
		);
	const ofUser = (user: object) => problems({ users: [{ name: 'u', user }] });
	const ofCluster = (cluster: object, name = 'k') => problems({ clusters: [{ name, cluster }] });
	const ofContext = (context: object) =>
		problems({
			clusters: [{ name: 'k', cluster: { server: 's' } }],
			users: [{ name: 'u' }],
			contexts: [{ name: 'c', context }],
		});

	it('has a user and a cluster for each context, with the texts of client-go', () => {
		assert.deepEqual(ofContext({ user: 'u', cluster: 'k', namespace: 'n' }), []);
		assert.deepEqual(ofContext({}), [
			'user was not specified for context "c"',
			'cluster was not specified for context "c"',
		]);
		assert.deepEqual(ofContext({ user: 'x', cluster: 'y', namespace: 'N' }), [
			'user "x" was not found for context "c"',
			'cluster "y" was not found for context "c"',
			'namespace "N" for context "c" does not conform to the kubernetes DNS_LABEL rules',
		]);
	});

	it('has whole and readable credentials', () => {
		assert.deepEqual(ofUser({ 'client-key': '/none' }), []);
		assert.deepEqual(ofUser({ 'client-certificate': '/none', 'client-certificate-data': 'eA==' }), [
			'client-cert-data and client-cert are both specified for u. client-cert-data will override.',
			'client-key-data or client-key must be specified for u to use the clientCert authentication method.',
			'unable to read client-cert /none for u due to open /none: no such file or directory',
		]);
		assert.deepEqual(ofUser({ 'client-certificate': '/x', 'client-key': '/none', 'client-key-data': 'eA==' }), [
			'client-key-data and client-key are both specified for u; client-key-data will override',
			'unable to read client-key /none for u due to open /none: no such file or directory',
		]);
		assert.deepEqual(ofUser({ token: 'secret', username: 'a', 'as-uid': 'b' }), [
			'more than one authentication method found for u; found [token basicAuth], only one is allowed',
			'requesting uid, groups or user-extra for u without impersonating a user',
		]);
	});

	it('has whole exec plug-ins; those of an old version have a default mode', () => {
		const apiVersion = 'client.authentication.k8s.io/v1';
		assert.deepEqual(ofUser({ exec: { apiVersion, command: 'x', interactiveMode: 'Never' } }), []);
		assert.deepEqual(ofUser({ exec: { apiVersion: `${apiVersion}beta1`, command: 'x' } }), []);
		assert.deepEqual(ofUser({ exec: {}, 'auth-provider': {} }), [
			'authProvider cannot be provided in combination with an exec plugin for u',
			'command must be specified for u to use exec authentication plugin',
			'apiVersion must be specified for u to use exec authentication plugin',
			'interactiveMode must be specified for u to use exec authentication plugin',
		]);
		assert.deepEqual(ofUser({ exec: { apiVersion, command: 'x', interactiveMode: 'y' } }), [
			'invalid interactiveMode for u: "y"',
		]);
	});

	it('has a server and a readable CA for each cluster', () => {
		assert.deepEqual(ofCluster({}), ['no server found for cluster "k"']);
		assert.deepEqual(ofCluster({}, ''), ['default cluster has no server defined']);
		assert.deepEqual(
			ofCluster({ server: 's', 'certificate-authority': '/none', 'certificate-authority-data': 'eA==' }),
			[
				'certificate-authority-data and certificate-authority are both specified for k. ' +
					'certificate-authority-data will override.',
				'unable to read certificate-authority /none for k due to open /none: no such file or directory',
			],
		);
	});
});
