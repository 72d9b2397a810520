namespace Headgate;

/// <summary>What happens to a request on the line, as it is told to whoever watches it: <see cref="SendTerms.Watch"/>.</summary>
internal enum LineStep
{
    /// <summary>Its API was found, or after a redirect another one.</summary>
    Admitted,

    /// <summary>It has to wait for its permit.</summary>
    Waits,

    /// <summary>While it waits for its permit the breaker of its API opens; told by whoever opened it, so that it may have gone on meanwhile.</summary>
    Blocked,

    /// <summary>It has its permit; the attempt is <see cref="Exchange.Last"/>.</summary>
    Permitted,

    /// <summary>The first byte leaves.</summary>
    Sent,

    /// <summary>The headers of the answer are here, or none will come.</summary>
    Settled,

    /// <summary>The answer sends it on, to what is now <see cref="Exchange.Uri"/>.</summary>
    Redirected,

    /// <summary>Its key is not used any more; another one will be.</summary>
    KeyDied,

    /// <summary>The server asked for a pause, until <see cref="Exchange.NextAt"/>.</summary>
    Held,

    /// <summary>It is tried again, at <see cref="Exchange.NextAt"/>.</summary>
    Retries,

    /// <summary>What is stored is the answer, see <see cref="Exchange.Cache"/>.</summary>
    Stored,

    /// <summary>The body was read to its end.</summary>
    Received,
}
