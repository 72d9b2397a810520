namespace Headgate;

/// <summary>What a proxy did wrong, for whoever decides whether it is used again.</summary>
internal enum ProxyFault
{
    None,

    /// <summary>There is no connection to it: refused, unknown, no route, or TLS that cannot be trusted.</summary>
    Unreachable,

    /// <summary>It does not take our user and password, or asks for some: no later try will fare better.</summary>
    Denied,

    /// <summary>
    /// The same in the place of the answer to a request that was given to it whole. The API may have said that itself, so it counts for that API
    /// alone: else one hostile server could take the proxies away from all.
    /// </summary>
    DeniedInAnswer,

    /// <summary>It refuses this server by its own rules. For another server it may be good.</summary>
    TargetRefused,

    /// <summary>It says that it cannot reach the server, or does not get through to it in time. So it is either of the two.</summary>
    TargetUnreachable,

    /// <summary>What it said was no answer of a proxy, or it closed the connection in place of one.</summary>
    Broken,

    /// <summary>It is there, and an answer broke off on its way through it, as others' do not. Counts for that API alone, which may single it out.</summary>
    BrokeOff,

    /// <summary>It accepted the connection, and then said nothing in time.</summary>
    Silent,
}

/// <summary>A proxy did not do its part. The message is our own words: no host, credential or text of the proxy is in it.</summary>
/// <param name="fault">What it did.</param>
/// <param name="detail">The same for people.</param>
/// <param name="cause">What was thrown; null for nothing.</param>
internal sealed class ProxyFaultException(ProxyFault fault, string detail, Exception? cause = null) : Exception(detail, cause)
{
    public ProxyFault Fault => fault;
}
