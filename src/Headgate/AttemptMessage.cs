namespace Headgate;

/// <summary>
/// One send of a request, for a transport that has the <see cref="SendGuard"/>. The body is shared by all attempts of the request:
/// disposing the attempt leaves it alone.
/// </summary>
internal sealed class AttemptMessage : HttpRequestMessage
{
    private readonly ISendWitness _witness;
    // The version the first send was made with; the handler lowers it if the server asks for that.
    private Version? _sentVersion;

    public AttemptMessage(HttpMethod method, Uri uri, ISendWitness witness) : base(method, uri) => _witness = witness;

    /// <summary>Whether it was stamped. False: not one byte of it has left.</summary>
    public bool Sent => _sentVersion is not null;

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
        if (_sentVersion is { } before)
            throw Repeated(before);
        try
        {
            _witness.BeforeFirstByte();
        }
        catch (Exception e)
        {
            // Wrapped, since the transport takes an IOException for a failure of the connection.
            throw new SendRefusedException(e);
        }
        _sentVersion = Version;
    }

    private RepeatedSendException Repeated(Version before)
    {
        if (Version != before)
            return new("the server asks for HTTP/1.1", unprocessed: true, needsHttp11: true);
        // HTTP/1.1 repeats only what has no body, or one that waits for 100 Continue. A repeat of anything else is of a stream that the
        // server refused, or that lies above the last one it says it has acted on (RFC 9113 §8.7).
        var isStream = Content is not null && Headers.ExpectContinue != true;
        return new(isStream ? "the server refused the stream without acting on it" : "the server closed the connection without an answer", isStream, needsHttp11: false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Content is not null)
            Content = null;
        base.Dispose(disposing);
    }
}
