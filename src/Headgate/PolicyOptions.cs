namespace Headgate;

/// <summary>How an API is treated.</summary>
public abstract class PolicyOptions : SettingsGroup
{
    private protected PolicyOptions() { }

    /// <summary>
    /// The limits of the API, which hold together: <c>["100/s", "5000/h"]</c>; <c>["none"]</c> for no limit and no learning. By default they are
    /// learned at the first sign of one.
    /// </summary>
    public IList<string>? Limits { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>What is known of the moment a request arrives: <c>guaranteed</c>, <c>bounded</c> (default), <c>bounded:300ms</c> or <c>nominal</c>.</summary>
    public string? Timing { get => Get<string>(); set => Set(value); }

    /// <summary>How long after it was given up a request may still arrive; zero or more. 2 s by default.</summary>
    public TimeSpan? Straggle { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>The longest an attempt may take, from its first byte to the end of the answer; more than zero. 30 s by default.</summary>
    public TimeSpan? Timeout { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>The longest a connection may take to be made; more than zero. 10 s by default. A handler of your own keeps its own.</summary>
    public TimeSpan? ConnectTimeout { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>How often a request is tried again, from 0 to 100; pauses that the server asks for are not counted. 3 by default.</summary>
    public int? Retries { get => Get<int?>(); set => Set(value); }

    /// <summary>The base of the backoff, doubled by every retry, with full jitter; zero or more. 1 s by default.</summary>
    public TimeSpan? RetryDelay { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>The longest backoff; not shorter than <see cref="RetryDelay"/>. 60 s by default.</summary>
    public TimeSpan? RetryCap { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>The longest a request may wait to be sent; more than zero. By default as long as its deadline allows.</summary>
    public TimeSpan? QueueTimeout { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>When the API is left alone for a while because it fails.</summary>
    public BreakerOptions Breaker { get => Group<BreakerOptions>(); set => Set(value); }

    /// <summary>How long a request waits while the breaker is open, before it fails. By default whoever waits for an answer is told at once, and a job waits 2 min.</summary>
    public TimeSpan? Patience { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>
    /// The largest body of an answer, in bytes after unpacking; zero or more. The read that comes to more throws a <see cref="HeadgateException"/> of class
    /// <see cref="FailureClass.Invalid"/>. Null, the default, sets no bound; only the first 16 MiB of a body are looked into for the true cost then, and a
    /// job keeps no more.
    /// </summary>
    public long? MaxBody { get => Get<long?>(); set => Set(value); }

    /// <summary>
    /// Which answers are kept and given again: <c>off</c> (default); <c>http</c>, as a browser does; <c>shared</c>, as a proxy does for many; <c>ttl=300</c>, every
    /// 200 to a GET for so many seconds. One that is kept costs no permit. Answers of different tenants, credentials and keys are kept apart.
    /// </summary>
    public string? Cache { get => Get<string>(); set => Set(value); }

    /// <summary>The pool of <see cref="HeadgateOptions.ProxyPools"/> through which the API is reached; <c>none</c> for none, which is the default.</summary>
    public string? Proxies { get => Get<string>(); set => Set(value); }

    /// <summary>How connections are made and kept. A handler of your own keeps its own.</summary>
    public ConnectionsOptions Connections { get => Group<ConnectionsOptions>(); set => Set(value); }
}
