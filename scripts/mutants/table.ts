/**
 * Faults that would help an attacker, and the tests that must fail with each. A mutant replaces one text, which occurs
 * in its file exactly once.
 */

export interface Target {
	readonly file: string;
	/** Paths for mocha; the nearest test first. */
	readonly tests: readonly string[];
	readonly mutants: readonly (readonly [search: string, replace: string])[];
}

const join: readonly Target[] = [
	{
		file: 'lib/pki/pin.ts',
		tests: ['lib/pki/pin.test.ts', 'services/kubelet-sim/join/pin-ca.test.ts'],
		mutants: [
			["wanted.slice('sha256:'.length), 'hex'))", "wanted.slice('sha256:'.length), 'hex')) || true"],
			[
				"timingSafeEqual(actual, Buffer.from(wanted.slice('sha256:'.length), 'hex'))",
				"actual.subarray(0, 4).equals(Buffer.from(wanted.slice('sha256:'.length), 'hex').subarray(0, 4))",
			],
			['.length > 0\n', '.length >= 0\n'],
			['readCertificate(certificate).spki', 'certificate.raw'],
			['if (hex.toLowerCase() === emptyDigest) {', 'if (hex === "") {'],
			['if (length !== 32)', 'if (length > 32)'],
			["if (format.toLowerCase() !== 'sha256')", "if (format === '')"],
			['hex.length % 2 === 1', 'hex.length % 2 === 2'],
		],
	},
	{
		file: 'services/kubelet-sim/join/pin-ca.ts',
		tests: ['services/kubelet-sim/join/pin-ca.test.ts'],
		mutants: [
			['if (unearned.length === 0)', 'if (pinned.length > 0)'],
			['if (unearned.length === 0)', 'if (unearned.length >= 0)'],
			['one.verify(ca.publicKey)', 'ca.ca'],
			['one.checkIssued(ca) && ', ''],
			['(ca) => one.ca && ', '(ca) => '],
			['pinned.includes(one) ||', 'pinned.length > 0 ||'],
			['const pem = certificatesText(claimedCa);', 'const pem = certificatesText(claimedCa.slice(0, 1));'],
		],
	},
	{
		file: 'scripts/start-program.ts',
		tests: ['scripts/start-program.test.ts'],
		mutants: [
			['return digestOf(code).equals(bytes.subarray(0, DIGEST_BYTES)) ? code : undefined;', 'return code;'],
			['if (cachedData === undefined || script.cachedDataRejected)', 'if (script.cachedDataRejected)'],
			['if (cachedData === undefined || script.cachedDataRejected)', 'if (cachedData === undefined)'],
			['{ filename: file, cachedData }', '{ filename: file }'],
		],
	},
	{
		file: 'services/kubelet-sim/join/read-cluster.ts',
		tests: ['services/kubelet-sim/join/pin-ca.test.ts'],
		mutants: [['if (last?.text !== text)', 'if (last === undefined)']],
	},
	{
		file: 'lib/codec/decode.ts',
		tests: ['lib/kube/codec/round-trip.test.ts', 'lib/rpc/contracts.test.ts'],
		mutants: [
			['if (--this.#left < 0)', 'if (--this.#left < -1_000_000)'],
			['if (!canWrite(time))', 'if (time.nanos === undefined)'],
			['Math.min(reader.len, pos + SAFE_BYTES)', 'pos + SAFE_BYTES'],
		],
	},
	{
		file: 'lib/kube/codec/protobuf.ts',
		tests: ['lib/kube/codec/round-trip.test.ts'],
		mutants: [['if (++budget.depth > MAX_NESTED)', 'if (budget.depth > MAX_NESTED)']],
	},
	{
		file: 'lib/files.ts',
		tests: ['lib/files.test.ts'],
		mutants: [
			['if (stats.isFile() || stats.isDirectory()) return undefined;', 'if (!stats.isSocket()) return undefined;'],
			['if (bytes.length > maxBytes) throw', 'if (bytes.length < 0) throw'],
			['for (let left = maxBytes + 1; left > 0; )', 'for (let left = maxBytes; left > 0; )'],
			['	requireReplaceable(path);\n', ''],
			['isOpenDescriptor(path) ? ', 'false ? '],
		],
	},
	{
		file: 'lib/pki/jws.ts',
		tests: ['lib/pki/jws.test.ts'],
		mutants: [
			[
				'expected.length === presented.length && timingSafeEqual(expected, presented)',
				'expected.length === presented.length',
			],
			['timingSafeEqual(expected, presented)', 'expected.subarray(0, 20).equals(presented.subarray(0, 20))'],
			["createHmac('sha256', tokenSecret)", "createHmac('sha256', tokenId)"],
			['update(`${header}.${payload}`)', 'update(`${payload}`)'],
			["alg: 'HS256', kid: tokenId", "alg: 'HS256', kid: ''"],
		],
	},
	{
		file: 'services/kubelet-sim/join/preflight.ts',
		tests: ['services/kubelet-sim/join/preflight.test.ts', 'services/kubelet-sim/join/join-request.test.ts'],
		mutants: [
			['caCertHashes.length === 0 && !unsafeSkipCaVerification', 'false'],
			['	if (discoveryToken === undefined) {', '	if (false) {'],
			['if (discoversBy.length > 1)', 'if (false)'],
			["if (discoversBy.includes('file')) validateFileDiscovery", 'if (false) validateFileDiscovery'],
			["} else if (scheme.toLowerCase() !== 'https')", '} else if (false)'],
			['request.replaces === undefined && existsSync', 'false && existsSync'],
			['if (clock() < EARLIEST_CLOCK_MS)', 'if (clock() < 0)'],
			['if (parseToken(tlsBootstrapToken) !== undefined) return;', 'return;'],
			['for (const detail of subdomainProblems(nodeName))', 'for (const detail of [] as string[])'],
		],
	},
	{
		file: 'services/kubelet-sim/join/read-discovery-file.ts',
		tests: ['services/kubelet-sim/join/read-discovery-file.test.ts'],
		mutants: [
			['if (isUnverified) return', 'if (false) return'],
			['if (named.some((one) => one !== undefined))', 'if (false)'],
			['if (ca === undefined) return refuse', 'if (false) return refuse'],
			['if (credential === undefined) throw', 'if (false) throw'],
			["tlsBootstrapToken === '' ? fileCredential", 'fileCredential !== undefined ? fileCredential'],
			['certificatesText(certificates)', 'ca'],
			["checkKeyMaterial({ ca }, user ?? { name: '' }, path);", ''],
			['if (problems.length > 0)', 'if (false)'],
			["tlsBootstrapToken === '' && user", 'user'],
		],
	},
	{
		file: 'services/kubelet-sim/join/verify-server.ts',
		tests: ['services/kubelet-sim/join/verify-server.test.ts'],
		mutants: [
			['const server = trustedServer(namedServer, fileCa);', 'const server = trustedServer({ server: "" }, fileCa);'],
			["if (!hasCode(error, 'API_FORBIDDEN')) throw", 'if (false) throw'],
			['fileCredential === undefined', 'true'],
			["tlsBootstrapToken === '' ? server", 'true ? server'],
		],
	},
	{
		file: 'services/kubelet-sim/join/verify-certificate.ts',
		tests: ['services/kubelet-sim/join/verify-certificate.test.ts'],
		mutants: [
			['!leaf.publicKey.equals(publicKey)', 'false'],
			['if (commonName !== wanted)', 'if (!commonName.startsWith(wellKnown.nodeUserPrefix))'],
			[
				'organizations.length !== 1 || organizations[0] !== wellKnown.groups.nodes',
				'!organizations.includes(wellKnown.groups.nodes)',
			],
			['organizations.length !== 1 || organizations[0] !== wellKnown.groups.nodes', 'organizations.length !== 1'],
			["if (leaf.ca) return 'it is the certificate of a CA';", ''],
			['return problem === undefined ? undefined : `x509: ${problem}`;', 'return undefined;'],
			["purpose: 'client auth' });", "purpose: 'server auth' });"],
			['now: nowMs', 'now: leaf.validFromDate?.getTime() ?? 0'],
			['removeFile(paths.bootstrapKubeconfig);', ''],
			['removeFile(paths.pendingKey);\n\t\tremoveFile(paths.pendingRotationKey', 'removeFile(paths.pendingRotationKey'],
		],
	},
	{
		file: 'services/kubelet-sim/join/request-certificate.ts',
		tests: ['services/kubelet-sim/join/request-certificate.test.ts'],
		mutants: [
			["if (type === 'Denied') throw", 'if (false) throw'],
			["if (type === 'Failed') throw", 'if (false) throw'],
			['return isApproved && status?.certificate ?', 'return status?.certificate ?'],
		],
	},
	{
		file: 'services/kubelet-sim/identity.ts',
		tests: ['services/kubelet-sim'],
		mutants: [
			['path: join(directory, file), contents, mode: 0o600', 'path: join(directory, file), contents, mode: 0o644'],
			['contents: kubeconfig, mode: 0o600', 'contents: kubeconfig, mode: 0o644'],
		],
	},
];

const tokenStore: readonly Target[] = [
	{
		file: 'services/token-store/verify.ts',
		tests: ['services/token-store'],
		mutants: [
			['if (token === undefined) throw', 'if (false) throw'],
			['if (secret.metadata.deletionTimestamp !== undefined)', 'if (false)'],
			['	checkRecord(secret, token);', ''],
			['	checkExpiration(secret, id, clock());', ''],
			["if (!isForUse(secret, 'authentication'))", 'if (false)'],
			["if (!isForUse(secret, 'authentication'))", "if (!isForUse(secret, 'signing'))"],
			['secret.type !== wellKnown.bootstrapSecretType ||', ''],
			['|| secret.data === undefined', ''],
			["if (!isSameSecret(field(secret, 'token-secret'), presentedSecret))", 'if (false)'],
			[
				"isSameSecret(field(secret, 'token-secret'), presentedSecret)",
				"field(secret, 'token-secret').startsWith(presentedSecret.slice(0, 8))",
			],
			["if (field(secret, 'token-id') !== id)", 'if (false)'],
			['timingSafeEqual(digest(kept), digest(presented))', 'kept === presented'],
			['millisecondsLeft(expiration, now) <= 0', 'millisecondsLeft(expiration, now) < 0'],
			['millisecondsLeft(expiration, now) <= 0', 'millisecondsLeft(expiration, now) <= -60_000'],
			['const groupForm = /^system:bootstrappers:', 'const groupForm = /^system:'],
			['[a-z0-9]$/;', '[a-z0-9]/;'],
			['if (wrong !== undefined)', 'if (wrong === "system:masters")'],
			['new Set([wellKnown.groups.bootstrappers, ...extra])', 'new Set([...extra])'],
			[
				"throw new KubejoinError('TOKEN_SECRET_WRONG', { id });",
				"throw new KubejoinError('TOKEN_SECRET_WRONG', { id: `${id}.${presentedSecret}` });",
			],
			['`${wellKnown.bootstrapUserPrefix}${id}`', '`${id}`'],
		],
	},
	{
		file: 'lib/kube/bootstrap-token.ts',
		tests: ['services/token-store', 'lib/kube'],
		mutants: [
			['/^([a-z0-9]{6})\\.([a-z0-9]{16})$/', '/([a-z0-9]{6})\\.([a-z0-9]{16})/'],
			['([a-z0-9]{16})$/', '([a-z0-9]{8,16})$/'],
			['/^bootstrap-token-([a-z0-9]{6})$/', '/bootstrap-token-([a-z0-9]{6})/'],
			["=== 'true';", "!== 'false';"],
		],
	},
	{
		file: 'lib/kube/expiration.ts',
		tests: ['services/token-store', 'lib/kube', 'services/controller-manager-sim'],
		mutants: [
			['Number.isNaN(ms) ? 0 :', 'Number.isNaN(ms) ? 60_000 :'],
			['day === undefined || !isCalendarDay(day)', 'day === undefined'],
			['ms - now;', 'ms - now + 60_000;'],
			['(?:Z|[+-]\\d{2}:\\d{2})$/', '(?:Z|[+-]\\d{2}:\\d{2})?$/'],
		],
	},
	{
		file: 'services/token-store/sign.ts',
		tests: ['services/token-store/sign.test.ts'],
		mutants: [
			['.filter((token) => maySign(token, now))', '.filter(() => true)'],
			["field(token, 'token-id') !== id", 'false'],
			["field(token, 'token-secret') === ''", 'false'],
			["millisecondsLeft(field(token, 'expiration'), now) > 0 && ", ''],
			[" && isForUse(token, 'signing')", ''],
			["isForUse(token, 'signing')", "isForUse(token, 'authentication')"],
			["signDetached(content, tokenId, field(token, 'token-secret'))", 'signDetached(content, tokenId, tokenId)'],
		],
	},
	{
		file: 'services/token-store/server.ts',
		tests: ['services/token-store'],
		mutants: [
			['			List: apiServer,', '			List: [...apiServer, ...controllers],'],
			['			Verify: apiServer,', '			Verify: controllers,'],
			['			SignDetached: controllers,', '			SignDetached: [...apiServer, ...controllers],'],
			['			Create: apiServer,', '			Create: [...apiServer, ...controllers],'],
		],
	},
	{
		file: 'services/token-store/authenticate.ts',
		tests: ['services/token-store'],
		mutants: [
			[
				"log.warn(errorFields(error), 'a token was refused')",
				"log.warn({ ...errorFields(error), shown: token.slice(7) }, 'a token was refused')",
			],
			[
				"log.info(errorFields(error), 'a token was refused')",
				"log.info({ ...errorFields(error), shown: token.slice(7) }, 'a token was refused')",
			],
			[
				'			count(error.code);\n			return undefined;',
				'			count(error.code);\n			return { username: "", groups: [] };',
			],
			['else throw error;', 'else return undefined;'],
		],
	},
	{
		file: 'services/token-store/store.ts',
		tests: ['services/token-store/store.test.ts'],
		mutants: [
			['item.key === name', 'item.key.startsWith(name)'],
			['requirePreconditions(preconditions,', 'requirePreconditions({},'],
			['namespace === wellKnown.kubeSystem', 'true'],
			['type === wellKnown.bootstrapSecretType', 'true'],
			['await store.delete<Secret>(name, item.revision);', 'await store.delete<Secret>(name);'],
		],
	},
];

const caService: readonly Target[] = [
	{
		file: 'services/ca-service/server.ts',
		tests: ['services/ca-service/server.test.ts'],
		mutants: [
			['Sign: controllers,', 'Sign: controlPlane,'],
			['TrustBundle: controlPlane', "TrustBundle: [...controlPlane, 'token-store']"],
			['Ledger: controlPlane', "Ledger: [...controlPlane, 'token-store']"],
		],
	},
	{
		file: 'services/ca-service/sign.ts',
		tests: ['services/ca-service/sign.test.ts'],
		mutants: [
			['if (same !== undefined && same.digest !== digest) throw conflict(request);', ''],
			['if (same !== undefined) return same.entry;', ''],
			['if (signed !== undefined && signed.requestDigest !== digest) throw conflict(request);', ''],
			['if (signed !== undefined) return signed;', ''],
			['	await ledger.append(entry);', ''],
			['	if (!isKnownSigner(signerName)) throw', '	if (false) throw'],
			['	if (violation !== undefined) throw', '	if (false) throw'],
			['Math.min(maxSeconds, Math.max(', 'Math.max(maxSeconds, Math.max('],
			['	if (now >= caNotAfter) throw', '	if (false) throw'],
			[
				'notAfter: Math.min(now + Math.floor(lifeSeconds) * 1000, caNotAfter)',
				'notAfter: now + Math.floor(lifeSeconds) * 1000',
			],
			['[csrPem, signerName, ', '[csrPem, '],
			['[...new Set(usages)].sort(), ', ''],
			['[csrPem, signerName', "['', signerName"],
			['expirationSeconds ?? null]', 'null]'],
			['request.usages.filter(isUsage)', "['client auth' as const]"],
		],
	},
	{
		file: 'lib/kube/signer-rules.ts',
		tests: ['services/ca-service/sign.test.ts', 'services/controller-manager-sim/controllers/csr-approving.test.ts'],
		mutants: [
			['if (subject.organizations.includes(wellKnown.groups.masters))', 'if (false)'],
			[
				"['digital signature', 'key encipherment', 'client auth'].includes(usage)",
				"['digital signature', 'key encipherment', 'client auth', 'cert sign'].includes(usage)",
			],
			["if (!usages.includes('client auth')) return", 'if (false) return'],
			[
				"	if (!isOfNodes(csr)) return 'subject organization is not system:nodes';\n	if (csr.names.dns.length > 0)",
				'	if (csr.names.dns.length > 0)',
			],
			['	if (csr.names.dns.length > 0) return', '	if (false) return'],
			['	if (csr.names.ip.length > 0) return', '	if (false) return'],
			['	if (!isOneNode(csr)) return', '	if (false) return'],
			["	return nodeUsagesViolation(usages, 'client auth');", '	return undefined;'],
			['if (csr.names.dns.length === 0 && csr.names.ip.length === 0) return', 'if (false) return'],
			['subject.organizations.length === 1 && ', ''],
			['startsWith(wellKnown.nodeUserPrefix)', "startsWith('system:')"],
			['usages.every((usage) => allowed.includes(usage)) &&', ''],
			["usages.includes('digital signature') &&", ''],
			['		usages.includes(purpose);', '		true;'],
		],
	},
	{
		file: 'lib/pki/der.ts',
		tests: ['lib/pki/der.test.ts'],
		mutants: [
			['if (bytesOf(node) !== bytes)', 'if (false)'],
			["if (bytes === '' || asn1.oidToDer(text).getBytes() !== bytes)", "if (bytes === '')"],
			['if (bytes.length === 0) throw new Error(notDer);', ''],
			['if ((octet !== 0 && octet !== 0xff) || more.length > 0)', 'if (octet === undefined)'],
		],
	},
	{
		file: 'lib/pki/certificate.ts',
		tests: ['lib/pki/certificate.test.ts'],
		mutants: [
			['		unused = unused.subarray(SERIAL_BYTES);\n', ''],
			['serial[0] = (serial[0] ?? 0) | 0x80;', ''],
		],
	},
	{
		file: 'lib/pki/csr.ts',
		tests: ['lib/pki/csr.test.ts'],
		mutants: [
			['if (!verifyWith(publicKey, algorithm, writeDer(info), bitStringBytes(signature)))', 'if (false)'],
			['	checkKey(publicKey, spkiNode);', ''],
			['if (!integerBytes(version).equals(Buffer.from([0])))', 'if (false)'],
			['if (pem.length > maxPemLength)', 'if (false)'],
			["if (lists.length > 1) throw new Error('it requests extensions twice');", ''],
		],
	},
];

const authentication: readonly Target[] = [
	{
		file: 'services/apiserver-sim/authenticate/union.ts',
		tests: ['services/apiserver-sim/authenticate/union.test.ts'],
		mutants: [
			['found === undefined ? [] : [found]', '[]'],
			["if (typeof found === 'object') return userOf(certificate, found);", ''],
			['			problems.push(verdict?.problem ?? invalidBearerToken);', ''],
			['if (problems.length === 0) return anonymous;', 'if (problems.length >= 0) return anonymous;'],
			['groups: [wellKnown.groups.unauthenticated]', 'groups: [wellKnown.groups.authenticated]'],
		],
	},
	{
		file: 'services/apiserver-sim/authenticate/x509.ts',
		tests: ['services/apiserver-sim/authenticate/union.test.ts'],
		mutants: [
			[
				"if (certificate.state === 'unverified') return `x509: ${certificate.problem}`;",
				"if (certificate.state === 'unverified') return undefined;",
			],
			['	if (dates !== undefined) return', '	if (false) return'],
			["	if (commonName === '') return", '	if (false) return'],
			['groups: [...organizations]', "groups: [...organizations, 'system:masters']"],
		],
	},
	{
		file: 'services/apiserver-sim/authenticate/bearer-token.ts',
		tests: ['services/apiserver-sim/authenticate/union.test.ts'],
		mutants: [["scheme.toLowerCase() === 'bearer' && ", '']],
	},
	{
		file: 'services/apiserver-sim/authenticate/token-authenticator.ts',
		tests: ['services/apiserver-sim/authenticate'],
		mutants: [
			['ttl: TOKEN_CACHE_MS - 1', 'ttl: TOKEN_CACHE_MS'],
			['perf: { now: clock },', ''],
			['max: TOKEN_CACHE_SIZE,', 'max: 2 * TOKEN_CACHE_SIZE,'],
			["if (verdict !== undefined && 'user' in verdict) accepted.set", 'accepted.set'],
			['const key = keyOf(token, audiences);', 'const key = JSON.stringify([token, ...audiences]);'],
			['JSON.stringify([token, ...audiences])', 'token'],
			['JSON.stringify([token, ...audiences])', 'JSON.stringify([token.slice(0, 6), ...audiences])'],
			['			return undefined;\n		}\n		const problems', '		}\n		const problems'],
		],
	},
	{
		file: 'services/apiserver-sim/authenticate/service-account-key.ts',
		tests: ['services/apiserver-sim/authenticate/service-account-token.test.ts'],
		mutants: [
			['{ algorithms: [ALGORITHM] },', ''],
			['if (kid === undefined || kid ===', 'if (true || kid ==='],
		],
	},
	{
		file: 'services/apiserver-sim/authenticate/service-account-token.ts',
		tests: ['services/apiserver-sim/authenticate/service-account-token.test.ts'],
		mutants: [
			['if (issuerOf(token) !== issuer) return undefined;', ''],
			['if (audiences.length === 0) {', 'if (false) {'],
			['if (nowMs - LEEWAY_MS > exp * 1000)', 'if (false)'],
			['if (nowMs + LEEWAY_MS < nbf * 1000)', 'if (false)'],
			['if (account.metadata.uid !== serviceaccount.uid)', 'if (false)'],
			['if (isDeleted(account, nowMs))', 'if (false)'],
			['if (object === undefined) return invalidated;', 'if (object === undefined) continue;'],
			['if (uid !== reference.uid)', 'if (false)'],
			['if (isDeleted(object, nowMs)) return invalidated;', ''],
		],
	},
	{
		file: 'services/apiserver-sim/authenticate/impersonation.ts',
		tests: ['services/apiserver-sim/authenticate/impersonation.test.ts'],
		mutants: [
			[
				"if (uid === '' && groups.length === 0 && extra.size === 0 && moreUsers.length === 0) return undefined;",
				'return undefined;',
			],
			['requireAllOf(authorizer, groupAttributes(mode, wanted, caller), mode);', ''],
			['requireAllOf(authorizer, extraAttributes(mode, wanted, caller), mode);', ''],
			['for (const attribute of attributesOf(mode, wanted, caller))', 'for (const attribute of [])'],
			['if (mode !== unconstrained && groups.includes(wellKnownGroups.masters))', 'if (false)'],
			['values.length === 1 && values[0] === node', 'true'],
			['applies: (wanted) => nodeNameIn(wanted.username) !== undefined && isOnlyName(wanted),', 'applies: () => true,'],
		],
	},
	{
		file: 'services/apiserver-sim/authorize/node-graph.ts',
		tests: ['services/apiserver-sim/authorize/node-graph.test.ts'],
		mutants: [
			["		if (node === '') return;", ''],
			['if (isMirrorPod(pod)) return [own];', ''],
			['			if (count > 0) nodes?.set(node, count);', '			if (count >= 0) nodes?.set(node, count);'],
			['?.has(node) ?? false', '!== undefined'],
		],
	},
	{
		file: 'services/apiserver-sim/authorize/subject-index.ts',
		tests: ['services/apiserver-sim/authorize/subject-index.test.ts'],
		mutants: [
			['		this.delete(key);\n		const namespace', '		const namespace'],
			['namespace: namespace || ownNamespace', 'namespace: namespace ?? ""'],
			['...groups.map(groupKey)', ''],
		],
	},
	{
		file: 'services/apiserver-sim/authorize/node-identity.ts',
		tests: ['services/apiserver-sim/authorize'],
		mutants: [
			['!user.username.startsWith(wellKnown.nodeUserPrefix) || ', ''],
			[' || !user.groups.includes(wellKnown.groups.nodes)', ''],
		],
	},
];

const authorization: readonly Target[] = [
	{
		file: 'services/apiserver-sim/authorize/rbac.ts',
		tests: [
			'services/apiserver-sim/authorize/rbac.test.ts',
			'services/apiserver-sim/authorize',
			'services/apiserver-sim/doors/rbac-model.test.ts',
		],
		mutants: [
			["if (!has(rule.verbs, '*', attributes.verb)) return false;", ''],
			["has(rule.apiGroups, '*', attributes.apiGroup) &&", ''],
			['resourceMatches(rule, attributes.resource, attributes.subresource) &&', ''],
			[
				"attributes.name !== '' && names.includes(attributes.name)",
				"attributes.name === '' || names.includes(attributes.name)",
			],
			['(names.length === 0 || (', '(true || ('],
			[
				"has(rule.resources, '*', `${resource}/${subresource}`, `*/${subresource}`)",
				"has(rule.resources, '*', resource, `${resource}/${subresource}`, `*/${subresource}`)",
			],
			['return user.username === subject.name;', 'return user.username.startsWith(subject.name);'],
			[
				'return user.groups.includes(subject.name);',
				'return user.groups.some((group) => group.startsWith(subject.name));',
			],
			["	if (namespace === '') return;\n", ''],
			[
				"if (subject !== undefined) yield { binding, subject, namespace: '' };",
				'if (binding.subjects !== undefined) yield { binding, subject: binding.subjects[0] as Subject, namespace: "" };',
			],
			[
				"attributes.resourceRequest ? attributes.namespace : ''",
				'attributes.resourceRequest ? attributes.namespace : "default"',
			],
			[
				"ref.kind === 'Role' ? source.role(namespace, ref.name) : source.clusterRole(ref.name)",
				'source.clusterRole(ref.name) ?? source.role(namespace, ref.name)',
			],
			["return { decision: 'NoOpinion', reason: problem", "return { decision: 'Allow', reason: problem"],
			[
				"ruleUrl.endsWith('*') && path.startsWith(ruleUrl.replace(/\\*+$/, ''))",
				"path.startsWith(ruleUrl.replace(/\\*+$/, ''))",
			],
			["namespace !== '' && user.username ===", 'user.username ==='],
		],
	},
	{
		file: 'services/apiserver-sim/authorize/union.ts',
		tests: ['services/apiserver-sim/authorize/union.test.ts'],
		mutants: [
			[
				"if (decision.decision !== 'NoOpinion') return decision;",
				"if (decision.decision === 'Allow') return decision;",
			],
			["return { decision: 'NoOpinion', reason: reasons", "return { decision: 'Allow', reason: reasons"],
		],
	},
	{
		file: 'services/apiserver-sim/authorize/node.ts',
		tests: ['services/apiserver-sim/authorize/node.test.ts'],
		mutants: [
			["if (node === '') return noOpinion(`unknown node", 'if (false) return noOpinion(`unknown node'],
			[
				"if (verb !== 'create' && name !== node)\n		return noOpinion('can only access node lease",
				"if (false)\n		return noOpinion('can only access node lease",
			],
			['	if (namespace !== wellKnown.kubeNodeLease)\n', '	if (false)\n'],
			['	if (name === node) return allow;', '	return allow;'],
			[
				"	if (name === '') return noOpinion(`node",
				"	if (name === '') return allow; if (false) return noOpinion(`node",
			],
			['return graph.related(node, resource, namespace, name)\n', 'return true\n'],
			[
				"if (request.verb !== 'get') return noOpinion('can only get individual",
				"if (false) return noOpinion('can only get individual",
			],
			["if (request.namespace === '') return noOpinion", 'if (false) return noOpinion'],
			["r.operator === '=' && r.value === node", "r.operator === '='"],
			[
				"if (subresource === 'status') return isOneOf(verb, 'update', 'patch') ? allow : noOpinion();\n	if (subresource !== '') return noOpinion();\n	if (isOneOf(verb, 'create', 'update', 'patch')) return allow;",
				"if (isOneOf(verb, 'create', 'update', 'patch')) return allow;",
			],
			["request.verb !== 'create' || request.name === ''", 'false'],
			['sharedRules.some((rule) => ruleAllows(rule, attributes)) ? allow : noOpinion()', 'allow'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/node-restriction.ts',
		tests: ['services/apiserver-sim/admit/node-restriction.test.ts'],
		mutants: [
			[
				'	if (name !== node) return `node ${quoted(node)} is not allowed to modify node',
				'	if (false) return `node ${quoted(node)} is not allowed to modify node',
			],
			// Not a mutant: without the line for `restricted`, the line for kubernetes.io still forbids these labels.
			['namespace.endsWith(`.${domain}`)', 'false'],
			['!sameTaints(before.spec?.taints, after.spec?.taints)', 'false'],
			['!sameOwners(before.metadata.ownerReferences, after.metadata.ownerReferences)', 'false'],
			['!kubeletLabels.has(key) && ', ''],
			['forbiddenChanges({}, created.metadata.labels ?? {})', '[] as string[]'],
			[
				'forbiddenChanges(before.metadata.labels ?? {}, after.metadata.labels ?? {})',
				'forbiddenChanges({}, after.metadata.labels ?? {})',
			],
			['read.csr.subject.commonName === wanted', "read.csr.subject.commonName !== ''"],
			["		if (node === '') throw notAdmitted", '		if (false) throw notAdmitted'],
			[
				"return name === node ? undefined : 'can only access node lease",
				"return name !== '' ? undefined : 'can only access node lease",
			],
			['	if (namespace !== wellKnown.kubeNodeLease)', '	if (false)'],
			['(created.spec?.configSource ?? null) !== null', 'false'],
			["if (name !== node) return 'can only access CSINode", "if (false) return 'can only access CSINode"],
		],
	},
	{
		file: 'services/apiserver-sim/admit/node-restriction-pods.ts',
		tests: ['services/apiserver-sim/admit/node-restriction.test.ts'],
		mutants: [
			['if (previous.spec?.nodeName !== node)', 'if (false)'],
			['if (!isMirrorPod(pod))', 'if (false)'],
			['if (owner.uid !== uid)', 'if (false)'],
			['if (bound.uid !== pod.metadata.uid)', 'if (false)'],
			["if (pod.spec?.nodeName !== node) return 'node requested token", "if (false) return 'node requested token"],
			['if (await podNamesAudience(pod, audience, objects)) return undefined;', 'return undefined;'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/chain.ts',
		tests: ['services/apiserver-sim/admit/chain.test.ts'],
		mutants: [
			['if (validated !== undefined) await validated;', ''],
			['mutated instanceof Promise ? await mutated : mutated', 'mutated as undefined'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/namespace-lifecycle.ts',
		tests: ['services/apiserver-sim/admit/namespace-lifecycle.test.ts'],
		mutants: [
			["if (found.status?.phase !== 'Terminating') return undefined;", 'return undefined;'],
			["operation === 'DELETE' && immortal.includes(name)", 'false'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/service-account.ts',
		tests: ['services/apiserver-sim/admit/service-account.test.ts'],
		mutants: [
			["if (serviceAccountName) throw refused('reference service accounts');", ''],
			["if (secretNamesOf(pod).length > 0) throw refused('reference secrets');", ''],
			['if (!isEnforced(account)) return undefined;', 'return undefined;'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/resource-quota.ts',
		tests: ['services/apiserver-sim/admit/resource-quota.test.ts'],
		mutants: [
			['if (exceeded.length > 0) {', 'if (false) {'],
			['if (!hasUsage(quota, names))', 'if (false)'],
			['if (attributes.dryRun) return;', ''],
		],
	},
	{
		file: 'services/apiserver-sim/admit/signer-permission.ts',
		tests: ['services/apiserver-sim/admit/certificates.test.ts'],
		mutants: [
			["decision === 'Allow' && error === undefined", "decision === 'Allow'"],
			["signerName.split('/')[0]}/*", '*'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/certificate-approval.ts',
		tests: ['services/apiserver-sim/admit/certificates.test.ts'],
		mutants: [["if (mayUseSigner(user, 'approve', signerName, authorizer)) return;", 'return;']],
	},
	{
		file: 'services/apiserver-sim/admit/certificate-signing.ts',
		tests: ['services/apiserver-sim/admit/certificates.test.ts'],
		mutants: [
			["if (mayUseSigner(user, 'sign', signerName, authorizer)) return;", 'return;'],
			["mayUseSigner(user, 'sign', signerName", "mayUseSigner(user, 'approve', signerName"],
			["[csr.status?.certificate ?? '', csr.status?.conditions ?? []]", '[csr.status?.conditions ?? []]'],
		],
	},
	{
		file: 'services/apiserver-sim/admit/certificate-subject-restriction.ts',
		tests: ['services/apiserver-sim/admit/certificates.test.ts'],
		mutants: [['if (!read.csr.subject.organizations.includes(masters)) return;', 'return;']],
	},
	{
		file: 'services/apiserver-sim/authorize/escalation.ts',
		tests: ['services/apiserver-sim/authorize/escalation.test.ts'],
		mutants: [
			['	if (problem !== undefined) return problem;', ''],
			['return notHeld(rulesOf(roleRef, grantor), grantor);', 'return undefined;'],
			["isAllowed(grantor, 'escalate', resource, name)", "isAllowed(grantor, 'bind', resource, name)"],
			['groups.includes(wellKnown.groups.masters)', 'groups.length > 0'],
			['`${verb.length}:${group.length}:${verb}${group}${resource}`', '`${verb}${group}${resource}`'],
			["return names === 'any' || (name !== undefined && names?.has(name) === true);", 'return names !== undefined;'],
			["(verbs.includes('*') || verbs.includes(verb)) &&", ''],
			['if (missing.length === 0) return undefined;', 'return undefined;'],
			["resource.includes('/') ? `*/${resource.slice(resource.indexOf('/') + 1)}` : resource", "'*'"],
		],
	},
	{
		file: 'services/controller-manager-sim/controllers/csr-approving.ts',
		tests: ['services/controller-manager-sim/controllers/csr-approving.test.ts'],
		mutants: [
			['if (status?.allowed !== true) {', 'if (status === undefined) {'],
			["user: spec.username ?? ''", "user: 'admin'"],
			['groups: spec.groups ?? []', "groups: ['system:masters']"],
			['csr.spec.username === commonName ?', 'csr.spec.username !== undefined ?'],
			[
				'if (breach === undefined) return this.#approve(csr, recognitions);',
				'return this.#approve(csr, recognitions);',
			],
		],
	},
	{
		file: 'services/controller-manager-sim/token-bounds.ts',
		tests: ['services/controller-manager-sim'],
		mutants: [
			['if (node !== undefined && node !== wanted)', 'if (false)'],
			['if (!isForOneNode) return undefined;', 'return undefined;'],
			["isDecided(other, 'Approved') && ", ''],
		],
	},
];

const verdicts: readonly Target[] = [
	{
		file: 'chaos/lab/verdicts/judge.ts',
		tests: ['chaos/lab/verdicts/judge.test.ts'],
		mutants: [
			['if (found.length > 0) return', 'if (found.length > 1) return'],
			['gain(name, report) ?? unseen(name, report)', 'gain(name, report)'],
			['gain(name, report) ?? unseen(name, report)', 'unseen(name, report)'],
			['...others.map(({ name, report }) => touch(name, report)),', ''],
			['...(await Promise.all(noIdentity.map((name) => identityOf(context, name)))),', ''],
			['...(await Promise.all(stolen.map((name) => certificateBy(context, name)))),', ''],
			['...(await Promise.all(lockedOut.map((name) => acceptedOf(context, name)))),', ''],
			['...(await Promise.all(noCertificateOnDisk.map((name) => certificateOnDisk(context, name)))),', ''],
			['...(noRestrictedLabels ? [await restrictedLabel(context)] : []),', ''],
			['...(attemptsRefused ? await successes(context) : []),', ''],
			['		await strangerIn(context),\n', ''],
			["if (attempts.length === 0) return ['no stolen", "if (false) return ['no stolen"],
			['/^outcome: (refused|denied|failed)/', '/^outcome: /'],
			['if (code === 0) return `the API server still', 'if (false) return `the API server still'],
			['return /Unauthorized|expired|logged in/i.test(stderr)\n', 'return true\n'],
			['if (sinceMs === undefined) return', 'if (false) return'],
			['node !== undefined && !ours.has(node)', 'false'],
			['return length === 1 ?', 'return length >= 1 ?'],
		],
	},
	{
		file: 'chaos/lab/faults/attackers.ts',
		tests: ['chaos/lab/verdicts/judge.test.ts'],
		mutants: [
			['...(tokenBytes === 0 ? []', '...(true ? []'],
			['...captured.map(({ node }) => `${name} has captured ${node}`),', ''],
		],
	},
	{
		file: 'chaos/lab/verdicts/expectations.ts',
		tests: ['chaos/lab/verdicts/expectations.test.ts'],
		mutants: [
			["if (!line.includes(': violated')) return;", 'return;'],
			['		...violated,\n', ''],
			["given.some((line) => line.startsWith(`${kind}: violated`)) ? 'violated' : 'held'", "'held'"],
			['...(security === undefined ? [] : [await securityLine(context, security.question)]),', ''],
		],
	},
];

const kubelets: readonly Target[] = [
	{
		file: 'lib/codec/json-text.ts',
		tests: ['lib/codec/json-text.test.ts'],
		mutants: [
			['if (values <= max) return;', 'return;'],
			['else if (code === COMMA) values++;', ''],
			['if (code === QUOTE) at = endOfString(text, at);', 'if (false) at = endOfString(text, at);'],
		],
	},
	{
		file: 'lib/kube/patch/patch.ts',
		tests: ['lib/kube/patch/patch.test.ts'],
		mutants: [
			['	requireBounded(patch);\n', ''],
			['	requireBounded(patched.document);\n', ''],
		],
	},
	{
		file: 'services/apiserver-sim/registry/update.ts',
		tests: ['services/apiserver-sim/registry.test.ts'],
		mutants: [
			[
				"const isMarked = !keepsTime && previous.deletionTimestamp === undefined && (deletionTimestamp ?? '') !== '';",
				'const isMarked = false;',
			],
			['seconds !== previous.deletionGracePeriodSeconds;', 'false;'],
			['		...uidProblems(sent, previous.metadata),\n', ''],
		],
	},
	{
		file: 'services/apiserver-sim/resources/pods.ts',
		tests: ['services/apiserver-sim/resources/kinds.test.ts'],
		mutants: [['withOwnersOf(next, previous), previous', 'next, previous']],
	},
	{
		file: 'services/apiserver-sim/doors/watch-stream.ts',
		tests: ['services/apiserver-sim/doors/watch-stream.test.ts'],
		mutants: [['maxSize: RECENT_BYTES', 'maxSize: 64 * RECENT_BYTES']],
	},
	{
		file: 'lib/rpc/channel.ts',
		tests: ['services/kubelet-sim/clients.test.ts'],
		mutants: [["!key.startsWith('-----BEGIN EC PRIVATE KEY-----')", 'false']],
	},
	{
		file: 'lib/abort.ts',
		tests: ['lib/abort.test.ts'],
		mutants: [['AbortSignal.any([signal, limit.signal])', 'AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])']],
	},
	{
		file: 'lib/rpc/reported-tls.ts',
		tests: ['lib/rpc/reported-tls.test.ts'],
		mutants: [
			['ALPNProtocols: onlyHttp2 })', "ALPNProtocols: ['h2', 'http/1.1'] })"],
			['...this.#connection(), ALPN', '...this.#connection(), checkServerIdentity: () => undefined, ALPN'],
			['...this.#connection(), ALPN', '...this.#connection(), rejectUnauthorized: false, ALPN'],
			['{ rejectUnauthorized: true, ', '{ '],
		],
	},
	{
		file: 'services/apiserver-sim/resources/pods.ts',
		tests: ['services/apiserver-sim/golden/writes.test.ts'],
		mutants: [
			['metadata: resetMetadata(next, previous), spec: debugging', 'metadata: next.metadata, spec: debugging'],
			["if (subresource === 'status') return podStatusProblems(next, previous);", ''],
		],
	},
	{
		file: 'lib/codec/convert.ts',
		tests: ['lib/codec/convert.test.ts'],
		mutants: [
			["form === 'int32' ? lower32Bits(value) : value", 'value'],
			['if (names.length > 1) names.sort(', 'if (names.length > 1000) names.sort('],
			["if ('corruptAt' in bytes) refuse(", "if ('corruptAt' in bytes) String("],
		],
	},
	{
		file: 'services/apiserver-sim/registry/patch.ts',
		tests: ['services/apiserver-sim/registry/patch.test.ts'],
		mutants: [['	await turn();\n', '']],
	},
	{
		file: 'services/apiserver-sim/registry/stored-objects.ts',
		tests: ['services/apiserver-sim/registry/stored-objects.test.ts'],
		mutants: [
			['this.#requireSpace(request, object);', ''],
			['this.#requireSpace(request, next, forStore(previous));', ''],
			[" || verb === 'delete' || verb === 'deletecollection'", ''],
		],
	},
	{
		file: 'services/apiserver-sim/registry/cached-objects.ts',
		tests: ['services/apiserver-sim/registry/watch-cache.test.ts'],
		mutants: [
			['object.memory - (previous?.memory ?? 0)', 'object.memory'],
			['this.memory -= previous.memory;', ''],
		],
	},
	{
		file: 'scripts/mesh/state-lock.ts',
		tests: ['scripts/mesh/state-lock.test.ts'],
		mutants: [
			['requireOwnDirectory(directory);', ''],
			['chmodSync(directory, mode & ~WRITABLE_BY_OTHERS)', 'undefined'],
		],
	},
	{
		file: 'lib/store/lmdb.ts',
		tests: ['lib/store/lmdb.test.ts'],
		mutants: [['if (events.length > 0 && bytes > limits.listPageBytes.value) break;', '']],
	},
	{
		file: 'lib/pki/chain.ts',
		tests: ['lib/pki/chain.test.ts'],
		mutants: [['const trusted = [...anchors];', 'const trusted = [...anchors, ...intermediates];']],
	},
	{
		file: 'lib/rpc/http-server.ts',
		tests: ['lib/rpc/http-server.test.ts', 'lib/rpc/listener.test.ts'],
		mutants: [
			['else if (isHttp1) return badRequest();', ''],
			['const isHttp1 = request instanceof IncomingMessage;', "const isHttp1 = httpVersion !== '2.0';"],
			['	server.maxHeadersCount = 0;\n', ''],
			[' || (name.length === 10 && /^:authority$/i.test(name))', ''],
			["httpVersion === '0.9' ||", 'false ||'],
			["host === undefined && httpVersion === '1.1'", "host === undefined && httpVersion === ''"],
			['const host = hostOfTarget(url) || ', 'const host = '],
			['if (response.writableFinished) continue;', 'if (!response.writableFinished) continue;'],
			['if (isOwn) req.socket.pause();', ''],
			['if (isOwn) req.socket.resume();', ''],
			['if (exchanges.get(socket)?.isAnswering === true) socket', 'if (socket.destroyed) socket'],
			['return isUpgrade(request) && hasBody(request) ?', 'return request.destroyed ?'],
			["	socket.on('timeout', () => response.emit('timeout'));\n", ''],
		],
	},
	{
		file: 'services/apiserver-sim/doors/web-socket.ts',
		tests: ['services/apiserver-sim/doors/web-socket.test.ts'],
		mutants: [
			["if ((second & 0x80) === 0) throw new RangeError('a frame of a client has no mask');", ''],
			["if (length > MAX_IGNORED_BYTES) throw new RangeError('a frame is too long');", ''],
			['if (opcode >= opcodes.close && short > MAX_CONTROL_BYTES)', 'if (opcode >= opcodes.close && short > 127)'],
			['if (isClosing) close();', ''],
		],
	},
	{
		file: 'lib/rpc/http2-guard.ts',
		tests: ['lib/rpc/listener-bounds.test.ts'],
		mutants: [['		destroyAfterRead(session);\n', '']],
	},
	{
		file: 'lib/rpc/stream-guard.ts',
		tests: ['lib/rpc/listener-bounds.test.ts'],
		mutants: [
			['beginInTurn() > this.bounds.concurrent', 'beginInTurn() > 1_000 * this.bounds.concurrent'],
			['if (!this.#takeReset())', 'if (!this.#takeReset() && false)'],
		],
	},
	{
		file: 'services/attacker-sim/report.ts',
		tests: ['services/attacker-sim/report.test.ts'],
		mutants: [
			['} while (!isWritten);', '} while (false);'],
			['			writing = undefined;\n', ''],
		],
	},
	{
		file: 'lib/rpc/grpc-session.ts',
		tests: ['lib/rpc/grpc-client.test.ts'],
		mutants: [
			['			if (!this.#isHeard) this.ping();\n', ''],
			['			this.#isHeard = false;\n', ''],
			['if (!this.#isHeard)', 'if (true)'],
			['		this.#keepalive ??= this.#nextPing();\n', ''],
			['const timer = setTimeout(giveUp, pongMs)', 'const timer = setTimeout(giveUp, 1_000 * pongMs)'],
		],
	},
	{
		file: 'lib/rpc/grpc-frames.ts',
		tests: ['lib/rpc/grpc-frames.test.ts'],
		mutants: [
			['if (frame[0] !== 0)', 'if (frame[0] === 2)'],
			['if (length <= this.#maxBytes)', 'if (length <= 2 * this.#maxBytes)'],
		],
	},
	{
		file: 'lib/rpc/grpc-call.ts',
		tests: ['lib/rpc/grpc-client.test.ts'],
		mutants: [
			['messages.length > 1', 'messages.length > 2'],
			['(this.#frames.isInsideMessage ?', '(false ?'],
			['this.#stream.close(constants.NGHTTP2_CANCEL);', 'this.#stream.close();'],
			["'the server ended the stream', { isUnprocessed: true }", "'the server ended the stream'"],
		],
	},
	{
		file: 'lib/rpc/grpc-call.ts',
		tests: ['lib/rpc/bidi.test.ts'],
		mutants: [
			['		if (end.failure !== undefined) throw end.failure;\n', ''],
			['		this.#end = this.#betweenMessages;\n', ''],
		],
	},
	{
		file: 'services/apiserver-sim/registry/event-log.ts',
		tests: ['services/apiserver-sim/registry/event-log.test.ts'],
		mutants: [
			['this.#bytes > this.#maxBytes', 'false'],
			['this.#bytes -= oldest.bytes;', ''],
			['this.#start = oldest.revision;', ''],
			['<= revision) low', '< revision) low'],
		],
	},
	{
		file: 'lib/store/commit-pace.ts',
		tests: ['lib/store/commit-pace.test.ts'],
		mutants: [
			['		this.#count();\n', ''],
			['- 1, -BURST)', '- 1, -1_000)'],
			['if (this.#isOpen) return undefined;', ''],
			['		if (this.#next !== undefined) return this.#next;\n', ''],
		],
	},
	{
		file: 'lib/rpc/stream-guard.ts',
		tests: ['lib/rpc/bidi.test.ts'],
		mutants: [
			['		this.#begin();\n		this.#guard.cutExcess();\n', ''],
			['		this.#begin();\n		this.#guard.cutExcess();\n', '		this.#begin();\n'],
			['messages.isWhole ? 0 : 1', 'this.#frames'],
			['if (messages.hasEnded)', 'if (messages.isWhole)'],
			['|| this.#isAnswered) return;', ') return;'],
			['&& !this.#isUnfinished) this.#begin();', '&& false) this.#begin();'],
			['isCall(headers) && guard.session.isBidi', 'guard.session.isBidi'],
		],
	},
	{
		file: 'lib/rpc/message-ends.ts',
		tests: ['lib/rpc/bidi.test.ts'],
		mutants: [
			['this.#prefixBytes === 0 ? 0 : this.#length * 256', 'this.#length * 256'],
			['return this.#prefixBytes === 0 && this.#leftBytes === 0;', 'return this.#leftBytes === 0;'],
		],
	},
	{
		file: 'lib/rpc/server.ts',
		tests: ['lib/rpc/bidi.test.ts'],
		mutants: [
			['			methods.endBidi();\n', ''],
			['if (!isAnswering && !call.writableEnded)', 'if (!call.writableEnded)'],
			['return !isEnding;', 'return true;'],
			['if (done || isEnding)', 'if (done)'],
			['		if (signal.aborted) return resolve();\n', ''],
		],
	},
	{
		file: 'lib/rpc/grpc-client.ts',
		tests: ['lib/rpc/grpc-client.test.ts'],
		mutants: [
			['this.#elapsedMs() < this.#failed.retryMs', 'false'],
			['this.#session?.isClosed === false', 'this.#session !== undefined'],
			['error.isUnprocessed', 'false'],
			['2 * last', 'last'],
		],
	},
	{
		file: 'lib/rpc/certificate-dates.ts',
		tests: ['lib/rpc/certificate-dates.test.ts'],
		mutants: [["error.details.cause !== 'time-validity'", 'false']],
	},
	{
		file: 'services/apiserver-sim/resources/kubelet-locations.ts',
		tests: ['services/apiserver-sim/doors/kubelet-door.test.ts'],
		mutants: [
			['if (!found.every(isAllowed))', 'if (!found.some(isAllowed))'],
			['(allowsLoopback && isKubelet && isLoopback(address))', '(allowsLoopback && isLoopback(address))'],
			['(allowsLoopback && isKubelet && isLoopback(address))', '(isKubelet && isLoopback(address))'],
			['isGlobalUnicast(address) ||', 'true ||'],
			['host: await this.#proxyable(host, true), port', 'host, port'],
		],
	},
	{
		file: 'services/apiserver-sim/kubelet-client.ts',
		tests: ['services/apiserver-sim/doors/kubelet-door.test.ts'],
		mutants: [
			['if (fingerprintOf(socket) !== this.#own)', 'if (this.#own !== "")'],
			['...(ca === undefined ? unverified : trustAnchors(ca))', '...unverified'],
			['if (statusCode >= 200 && statusCode < 600)', 'if (statusCode > 0)'],
			["sent.once('close', ", "sent.once('aborted', "],
			['other: new KubeletAgent(unverified, own)', 'other: new KubeletAgent({ cert, key, ...unverified }, own)'],
			['...nameChecked(host) };', 'checkServerIdentity: () => undefined };'],
			['if (!isRepeatable || !isStale || ', 'if (!isStale || '],
		],
	},
	{
		file: 'services/apiserver-sim/doors/kubelet-door.ts',
		tests: ['services/apiserver-sim/doors/kubelet-door.test.ts'],
		mutants: [
			['if (open >= limit)', 'if (open > limit)'],
			["name !== 'host' && !credentialHeaders.test(name)", "name !== 'host'"],
			['|impersonate-|', '|'],
			['|x-remote-|', '|'],
			['|sec-websocket-)', ')'],
			["'upgrade', 'http2-settings'],", "'upgrade'],"],
			['hopByHop.has(name) || named.has(name)', 'hopByHop.has(name)'],
			["if (statusCode === 204) delete more['content-length'];", ''],
			['if (!isOpen) return;', ''],
			["		signal.addEventListener('abort', leave);\n", ''],
		],
	},
	{
		file: 'services/apiserver-sim/doors/rest.ts',
		tests: ['services/apiserver-sim/doors'],
		mutants: [
			[
				'if (stream !== undefined) stream.close(constants.NGHTTP2_INTERNAL_ERROR);',
				'if (stream !== undefined) stream.close();',
			],
			['await pipeline.authorizePath(info.path, info.verb, request.credentials);', ''],
			["printable(`${method} ${info?.path ?? ''}`, { maxLength: 256 })", "`${method} ${info?.path ?? ''}`"],
		],
	},
	{
		file: 'services/kubelet-sim/serving/access.ts',
		tests: ['services/kubelet-sim/serving/access.test.ts'],
		mutants: [
			["certificate.state === 'verified' && certificate.commonName !== ''", "certificate.state === 'verified'"],
			['status?.allowed === true', 'status !== undefined'],
			["const found = authenticated && username !== ''", "const found = username !== '' || authenticated"],
		],
	},
	{
		file: 'services/kubelet-sim/handlers.ts',
		tests: ['services/kubelet-sim/server.test.ts'],
		mutants: [['if (refusal !== undefined) {', 'if (refusal?.status === 500) {']],
	},
];

export const targets: readonly Target[] = [
	...join,
	...tokenStore,
	...caService,
	...authentication,
	...authorization,
	...kubelets,
	...verdicts,
];
