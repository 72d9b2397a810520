namespace Headgate;

/// <summary>How a <see cref="HeadgateServiceClient"/> calls its service. Read once, when the client is made.</summary>
public sealed class HeadgateServiceClientOptions
{
    /// <summary>The token by which the service knows who calls (<c>headgate tokens add</c>); null, the default, where it needs none.</summary>
    public string? Token { get; set; }

    /// <summary>A file whose first line is the token, in the place of <see cref="Token"/>. It is read anew when the service refuses what it said; null by default.</summary>
    public string? TokenFile { get; set; }

    /// <summary>How long a call may take until it is answered, beside what the service was asked to wait; 1 ms to 1 day, 100 s by default.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>
    /// How long a service that cannot be reached is called again, before a call fails with <see cref="FailureClass.Network"/>: long enough for it to be
    /// started anew. 0 to 1 day, 2 min by default.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>What sends the calls; not disposed with the client. Null, the default, for one of its own, which follows no redirects.</summary>
    public HttpMessageHandler? Inner { get; set; }
}
