/** The cause of an invalid pin, from kubeadm's text about it. */
export function explainPin(problem: string): string | undefined {
	if (problem.includes('SHA-256 of nothing'))
		return 'the CA key is not RSA, so "openssl rsa" of the usual recipe printed nothing, and the hash is of no data';
	if (/expected a 32 byte|could not decode|odd length/.test(problem)) return 'the pin was not copied completely';
	if (problem.includes('unknown hash format')) return 'the hash is not SHA-256';
	return problem.includes('format:hex-value') ? 'the pin does not start with sha256:' : undefined;
}
