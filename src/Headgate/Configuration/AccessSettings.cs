using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>The part of the table of settings that says who may call the service. Files of tokens have the shape of a part of it.</summary>
internal static class AccessSettings
{
    internal static class Token
    {
        public static readonly Setting<string> Name = new("name", AccessScalars.TokenName, "By what it is known, in the audit log too.");
        public static readonly Setting<string> Hash = new(
            "hash", AccessScalars.TokenHash, "\"sha256:\" and the SHA-256 of the token in hex; \"headgate tokens ls --json\" tells it.");
        public static readonly ListOf<AccessScopes> ScopesShape = new(AccessScalars.Scope, 1);
        public static readonly Setting Scopes = new(
            "scopes", ScopesShape, "What it may do: read (look), submit (submit, cancel, call through the gateway), operate (pause, change limits; includes both), admin (tokens; includes all).");
        public static readonly Setting<string> Tenant = new(
            "tenant", AccessScalars.Tenant, "On whose behalf it acts: its jobs are that tenant's, and it knows of no other's.");
        public static readonly Setting<DateTimeOffset> Created = new("created", AccessScalars.Instant, "When it was made.");
        public static readonly Setting<DateTimeOffset> Expires = new("expires", AccessScalars.Instant, "From when on it is not accepted; never if absent.");

        public static readonly Group Shape = new([Name, Hash, Scopes, Tenant, Created, Expires], ["name", "hash", "scopes"]);

        /// <summary>A token that is asked for: its hash is not known yet.</summary>
        public static readonly Group Asked = new([Name, Scopes, Tenant, Expires], ["name", "scopes"]);
    }

    internal static class Tls
    {
        public static readonly Setting<string> Certificate = new(
            "certificate", Scalars.FileSource, "The certificate with those that vouch for it: \"file:PATH\" of a PEM or .pfx file (relative to this file). Read anew when it changes.");
        public static readonly Setting<string> Key = new(
            "key", Scalars.FileSource, "Its private key in PEM, where that is a file of its own: \"file:PATH\".");
        public static readonly Setting<string> Password = new(
            "password", Scalars.SecretSource, "Where the password of the key is: \"env:NAME\" or \"file:PATH\".");

        public static readonly Group Shape = new([Certificate, Key, Password], ["certificate"]);
    }

    internal static class Files
    {
        public static readonly Setting<long> Version = new("version", Scalars.Whole(1, 1, "a version this program reads: write 1"), "The version of this format.", "1");
        public static readonly Setting Tokens = new("tokens", new GroupList(Token.Shape), "The tokens.");

        /// <summary>A file of tokens.</summary>
        public static readonly Group Shape = new([Version, Tokens], ["tokens"]);
    }

    public static readonly Setting Tokens = new(
        "tokens", new GroupList(Token.Shape), "Tokens that callers may show, by their hashes; beside those of \"headgate tokens add\" and of \"tokensFile\".");
    public static readonly Setting<string> TokensFile = new(
        "tokensFile", ServiceScalars.Path, "A file of tokens, as tokens.json in the data directory is one; read anew when it changes.");
    public static readonly ListOf<string> CorsShape = new(AccessScalars.Origin);
    public static readonly Setting Cors = new("cors", CorsShape, "The origins whose pages may call the service from a browser, each by its exact name; none if absent.", "[]");
    public static readonly ListOf<string> HostsShape = new(AccessScalars.Host);
    public static readonly Setting Hosts = new(
        "hosts", HostsShape, "The names the service answers by while it needs no token, beside localhost, addresses and those of \"listen\". With tokens it answers by any.", "[]");
    public static readonly ListOf<Limit> RateLimitsShape = new(Scalars.Limit);
    public static readonly Setting RateLimits = new(
        "rateLimits", RateLimitsShape, "How often each caller (by token, else by address) may call: limits of requests, for example \"100/s\".", "[]");
    public static readonly Setting TlsGroup = new("tls", Tls.Shape, "As whom the service speaks TLS, where it listens with https://.");

    /// <summary>The members of <c>serve</c> that say who may call.</summary>
    public static readonly Setting[] All = [Tokens, TokensFile, Cors, Hosts, RateLimits, TlsGroup];
}
