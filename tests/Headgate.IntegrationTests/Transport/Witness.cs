using System.Net;

namespace Headgate.IntegrationTests.Transport;

/// <summary>Counts the stamps of one attempt.</summary>
internal sealed class Witness : ISendWitness
{
    public int Stamps;
    public Exception? Refusal;

    public void BeforeFirstByte()
    {
        if (Refusal is not null)
            throw Refusal;
        Interlocked.Increment(ref Stamps);
    }
}

/// <summary>What one attempt came to, with its stamps.</summary>
internal sealed record Attempt(HttpResponseMessage? Answer, Exception? Failure, int Stamps, AttemptMessage Message)
{
    /// <summary>Sends one attempt and waits for its answer or failure.</summary>
    public static async Task<Attempt> SendAsync(HttpMessageInvoker transport, string method, Uri uri, HttpContent? body = null, Version? version = null,
        Action<AttemptMessage>? change = null, Witness? witness = null, CancellationToken cancellation = default)
    {
        witness ??= new Witness();
        var message = new AttemptMessage(new HttpMethod(method), uri, witness) { Content = body };
        if (version is not null)
            (message.Version, message.VersionPolicy) = (version, HttpVersionPolicy.RequestVersionExact);
        change?.Invoke(message);
        try
        {
            var answer = await transport.SendAsync(message.Ready(), cancellation);
            return new(answer, null, witness.Stamps, message);
        }
        catch (Exception e)
        {
            return new(null, e, witness.Stamps, message);
        }
    }

    public int? Status => (int?)Answer?.StatusCode;
}
