using Headgate.Caching;
using Headgate.Connections;

namespace Headgate;

/// <summary>
/// One send of a request, for a transport that has the <see cref="SendGuard"/>. The body is shared by all attempts of the request:
/// disposing the attempt leaves it alone.
/// </summary>
internal sealed class AttemptMessage : HttpRequestMessage
{
    private readonly ISendWitness _witness;

    public AttemptMessage(HttpMethod method, Uri uri, ISendWitness witness) : base(method, uri) => _witness = witness;

    /// <summary>The request as the caller gave it: what is chosen once for all attempts is kept there.</summary>
    public HttpRequestMessage? Original { get; init; }

    /// <summary>The attempt, which is told right before the first byte.</summary>
    public ISendWitness Witness => _witness;

    /// <summary>Its conditions are those of whoever asked, or name what the API itself has named: byte for byte, whatever they are in.</summary>
    public bool HasExactConditions { get; init; }

    /// <summary>Looks at what the server says before its answer; null if nobody wants to know.</summary>
    public InterimReader? Interim { get; init; }

    /// <summary>Whether it was stamped. False: not one byte of it has left.</summary>
    public bool Sent { get; private set; }

    /// <summary>What is sent of a request: its own headers, as far as no redirect leaves them behind, the conditions of the cache in the place of the caller's, and its body.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="uri">Where it goes this time.</param>
    /// <param name="witness">The attempt.</param>
    public static AttemptMessage Of(Exchange exchange, Uri uri, ISendWitness witness)
    {
        var (redirect, conditions) = (exchange.Redirect, exchange.Visit?.Conditions);
        // The version of HTTP is for whoever sends it: the API's handler.
        var message = new AttemptMessage(exchange.Method, uri, witness)
        {
            Original = exchange.Request, HasExactConditions = exchange.Terms.IsPassedOn || conditions is not null, Interim = InterimReader.For(exchange.Terms.Interim),
        };
        foreach (var header in exchange.Request.Headers.NonValidated)
            if ((redirect is null || redirect.Keeps(header.Key)) && (conditions is null || !Forwarding.IsConditional(header.Key)))
                message.Add(header.Key, header.Value);
        foreach (var condition in conditions ?? FieldList.Empty)
            message.Headers.TryAddWithoutValidation(condition.Name, condition.Value);
        if (exchange.Body is { } body)
            message.Content = body;
        return message;
    }

    /// <summary>What an attempt sends: the request, with its key or token, and with its signature.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="permit">What it was granted.</param>
    /// <param name="token">The token it brings that was fetched for it; null for none.</param>
    public static AttemptMessage Of(Attempt attempt, LinePermit permit, out string? token)
    {
        var (exchange, api) = (attempt.Exchange, attempt.Upstream);
        var message = Of(exchange, attempt.Uri, attempt);
        token = null;
        // They may have been taken from the API since.
        if (permit.Key is { } key)
            api.Configuration.Keys?.Template.Apply(message, key.Secret);
        else if (exchange.NeedsToken && (token = api.Token?.Current) is not null)
            message.Headers.TryAddWithoutValidation("Authorization", token);
        if (exchange is { Redirect: null, Request: SignedMessage signed })
            signed.Sign(message);
        return message.Ready();
    }

    /// <summary>Copies a header of the request as it was given, unparsed.</summary>
    public void Add(string name, System.Net.Http.Headers.HeaderStringValues values)
    {
        // One value is the rule; it is passed on without a box.
        if (values.Count == 1)
            Headers.TryAddWithoutValidation(name, values.ToString());
        else
            Headers.TryAddWithoutValidation(name, values);
    }

    /// <summary>Adds what every attempt must have. To be called when all headers are there, before the send.</summary>
    public AttemptMessage Ready()
    {
        SendGuard.AddMarker(Headers);
        return this;
    }

    internal void OnHeaders()
    {
        if (Sent)
            throw new RepeatedSendException(IsSurelyStream);
        try
        {
            _witness.BeforeFirstByte();
        }
        catch (Exception e)
        {
            // Wrapped, since the transport takes an IOException for a failure of the connection.
            throw new SendRefusedException(e);
        }
        Sent = true;
        if (Interim is not null)
            Http1Stream.Expect(Interim);
    }

    // Over HTTP/1.1 only what has no body is repeated, or one that waits for 100 Continue.
    private bool IsSurelyStream =>
        (Content is not null && Headers.ExpectContinue != true) || (Version.Major >= 2 && VersionPolicy != HttpVersionPolicy.RequestVersionOrLower);

    protected override void Dispose(bool disposing)
    {
        if (disposing && Content is not null)
            Content = null;
        base.Dispose(disposing);
    }
}
