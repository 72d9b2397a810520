using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Headgate.Caching;
using Headgate.Configuration;
using Headgate.Keys;

namespace Headgate;

/// <summary>
/// The stored answers of one API, as its requests see them: under what they look, and whose answers they get. Thread-safe.
/// </summary>
/// <remarks>
/// Answers are kept apart by tenant, by the country they are meant for, by the key of the pool that got them (unless its keys share theirs), by the client whose token did, by whether they were unpacked, and in a private
/// cache by every header that says who asks. Where a pool has several keys and any may be used, nobody knows whose answer would be looked for before
/// the key is chosen: nothing is looked up then, and nothing kept.
/// </remarks>
internal sealed class ApiCache
{
    private readonly Upstream _upstream;
    private readonly ConditionalWeakTable<PoolKey, string> _names = [];
    private readonly CacheRules _rules;
    private readonly string _kind;

    /// <summary>Who those are that go with a token of ours, whatever it is at the time.</summary>
    private readonly string _client;

    private ApiCache(Upstream upstream, Engine engine, CacheConfiguration configuration)
    {
        (_upstream, Engine, _kind, _client) = (upstream, engine, configuration.ToString(), ClientOf(upstream.Configuration.OAuth));
        _rules = RulesOf(upstream.Configuration, configuration) with { Since = OriginsOf(upstream.Configuration).Max(engine.Stored.Answers.Off.Last) };
    }

    public Engine Engine { get; }

    public AnswerCache Answers => Engine.Stored.Answers;

    /// <summary>By which its answers are kept.</summary>
    public CacheRules Rules => _rules;

    /// <summary>Which are kept, as it is written in a configuration.</summary>
    public string Kind => _kind;

    /// <summary>It is one for many.</summary>
    public bool IsShared => _rules.IsShared;

    public CacheCounts Counts => _upstream.CacheCounts;

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Now => Engine.Clock.Provider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>That of an API; null where none of its answers are kept.</summary>
    /// <param name="upstream">The API.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="wasOff">None were until now: what is asked for since before is on its way still.</param>
    public static ApiCache? Of(Upstream upstream, Engine engine, bool wasOff)
    {
        var configuration = upstream.Configuration.Policy.Cache ?? engine.Stored.Usual;
        if ((configuration.Mode == CacheMode.Off || wasOff) && engine.Stored.MayRemain)
            foreach (var origin in OriginsOf(upstream.Configuration))
                engine.Stored.Answers.Off.Add(origin, engine.Clock.Provider.GetUtcNow().ToUnixTimeMilliseconds());
        return configuration.Mode == CacheMode.Off ? null : new ApiCache(upstream, engine, configuration);
    }

    private static IReadOnlyList<string> OriginsOf(UpstreamConfiguration api) => api.Bases.Count == 0 ? [api.Name] : [.. api.Bases.Select(address => address.Authority.ToString())];

    /// <summary>Whether nothing of an API is kept whatever its cache says: any of several keys may be used, and nobody says that they get the same.</summary>
    /// <param name="api">The API.</param>
    /// <param name="count">How many keys there are.</param>
    public static bool KeepsNothing(UpstreamConfiguration api, int count) => count > 1 && api.Keys is { AnswersShared: false, Choice: not KeyChoice.Sticky };

    /// <summary>What is told of that, where a cache was asked for.</summary>
    /// <inheritdoc cref="KeepsNothing"/>
    public static string? Idle(UpstreamConfiguration api, int count) => api.Policy.Cache is { Mode: not CacheMode.Off } cache && KeepsNothing(api, count)
        ? $"its cache ({cache}) keeps nothing, since any of {count} keys may be used; say \"answersShared\": true in its keys if they all get the same answers"
        : null;

    /// <summary>Tells that, once.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="api">The API.</param>
    /// <param name="count">How many keys there are.</param>
    public static void TellIdle(Engine engine, UpstreamConfiguration api, int count)
    {
        if (Idle(api, count) is { } idle && engine.Stored.IsNews($"{api.Name}: {idle}"))
            engine.Notice($"{api.Name}: {idle}");
    }

    /// <summary>By which the answers of an API are kept, whether it is open or not.</summary>
    public static CacheRules RulesOf(UpstreamConfiguration api, CacheConfiguration cache) => new()
    {
        IsShared = cache.Mode == CacheMode.Shared,
        Ttl = cache.Mode == CacheMode.Ttl ? cache.Ttl : null,
        Targets = cache.Targets,
        KeyField = api.Keys?.Template.Header,
    };

    /// <summary>Looks for the answer of a request that comes to this API, and waits for one that is on its way.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="waiting">Ends the wait.</param>
    /// <returns>What has the answer; null if the API is to be asked.</returns>
    public ValueTask<CacheVisit?> FindAsync(Exchange exchange, CancellationToken waiting)
    {
        // One that comes back to be tried again has looked already. What is signed is signed for one attempt, and its answer for nobody else; what it
        // changes is invalid all the same.
        if (exchange.Visit is not null || (exchange.Request is SignedMessage && Methods.IsSafe(exchange.Method.Method)))
            return default;
        return (exchange.Visit = Begin(exchange)).FindAsync(waiting);
    }

    /// <summary>How a request sees the cache.</summary>
    public CacheVisit Begin(Exchange exchange)
    {
        var (pool, key, isKnown) = KeyOf(exchange);
        var unpacks = Engine.Connections.Unpacks(_upstream.Configuration, exchange.Terms.IsPassedOn) ? "unpacked" : "as it is";
        var owner = $"{_kind}\n{exchange.Terms.Tenant?.Length ?? -1}:{exchange.Terms.Tenant}\n{exchange.Terms.Country}\n{pool}\n{unpacks}";
        var redirect = exchange.Redirect;
        var fields = FieldList.Of(exchange.Request);
        if (redirect is not null)
            fields = fields.Where(field => redirect.Keeps(field.Name));
        var hasBody = exchange.Body is not null && exchange.Request.Content?.Headers.ContentLength != 0;
        return new CacheVisit(this, exchange, CacheRequest.Of(_rules, exchange.Method.Method, exchange.Uri, fields, hasBody, owner, GetsCredentials(exchange)), key, isKnown && exchange.Request is not SignedMessage);
    }

    /// <summary>Whether a request is given credentials on its way whose answers are not said to be anybody's: a key of the pool, or a token.</summary>
    private bool GetsCredentials(Exchange exchange) => _upstream.Configuration.Keys is { } keys && _upstream.Keys is not null ? !keys.AnswersShared && !_upstream.BringsKey(exchange)
        : _upstream.Token is not null && exchange.NeedsToken;

    /// <summary>A plain GET, as the gateway would see it.</summary>
    public CacheVisit Plain(Uri url, string? tenant)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, url);
        return Begin(new Exchange(message, new SendTerms { IsDirect = true, IsPassedOn = true, Tenant = tenant }));
    }

    /// <summary>Whose answers a request gets, in words without a secret.</summary>
    public string WhoseOf(Exchange exchange, CacheRequest request, PoolKey? key)
    {
        string?[] parts =
        [
            exchange.Terms.Tenant is { } tenant ? $"tenant {tenant}" : null,
            request.Fields.Any(field => !_rules.IsShared && _rules.IsCredential(field.Name)) ? "its own credentials" : null,
            key is not null ? $"key {key.Name}" : null,
            exchange.Terms.Country,
            !exchange.Terms.IsPassedOn && Engine.Connections.Unpacks(_upstream.Configuration, isPassedOn: false) ? "jobs" : null,
            request.Fields.Any(field => _rules.SteeringFields.Any(field.Is)) ? "its own Forwarded" : null,
        ];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } whose ? whose : Anybody;
    }

    /// <summary>Whose answers are those of requests without anything that keeps them apart.</summary>
    public const string Anybody = "anybody";

    /// <summary>What the key of the pool makes of its answers, and the key where it must be that one; not known where any may be taken.</summary>
    private (string Pool, PoolKey? Key, bool IsKnown) KeyOf(Exchange exchange)
    {
        if (_upstream.Keys is not { } pool || _upstream.Configuration.Keys is not { } keys || _upstream.BringsKey(exchange))
            return (_upstream.Token is not null && exchange.NeedsToken ? _client : "", null, true);
        if (keys.AnswersShared)
            return ("pool", null, true);
        // One that was exchanged for it is used no more, whatever still counts of it.
        PoolKey[] used = [.. pool.Keys.Where(static key => !key.IsRetired)];
        var key = used is [var only] ? only : keys.Choice == KeyChoice.Sticky ? _upstream.StickyFor(exchange.Terms.Tenant) : null;
        return key is null ? ("", null, false) : (_names.GetValue(key, static key => Digest(key)), key, true);
    }

    /// <summary>Another client, or the same elsewhere or with other rights, may get other answers.</summary>
    private static string ClientOf(OAuthConfiguration? oauth) =>
        oauth is null ? "token" : $"token {Digest($"{oauth.TokenUrl}\n{oauth.ClientId.Length}:{oauth.ClientId}\n{oauth.Audience?.Length ?? -1}:{oauth.Audience}\n{string.Join(' ', oauth.Scopes)}")}";

    private static string Digest(PoolKey key) => Digest($"headgate key {key.Secret.Reveal()}");

    private static string Digest(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 16);
}
