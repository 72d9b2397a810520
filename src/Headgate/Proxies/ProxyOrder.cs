using Headgate.Configuration;

namespace Headgate.Proxies;

/// <summary>Which of several proxies that could be taken is the better one. Pure.</summary>
internal static class ProxyOrder
{
    /// <summary>Below zero if the first is the better one.</summary>
    public static int Compare(ProxyChoice choice, PoolProxy one, PoolProxy other, long now)
    {
        var order = choice switch
        {
            ProxyChoice.RoundRobin => 0,
            // Half as fast with as much under way again: one that is quick alone is not the best for everybody.
            ProxyChoice.Fastest => Compare(one.Health.Expected(now) * (one.InFlight + 8), other.Health.Expected(now) * (other.InFlight + 8), one, other),
            _ => Compare(one.InFlight, other.InFlight, one, other),
        };
        return order != 0 ? order : one.Tag.CompareTo(other.Tag);
    }

    /// <summary>Rendezvous hashing: each text finds the proxy with the highest score, and another one only where that one goes.</summary>
    public static double Score(string text, ProxyEntry proxy)
    {
        // The same text must find the same proxy after a restart, which string hashes do not promise.
        var hash = 14695981039346656037UL;
        foreach (var letter in text)
            hash = (hash ^ letter) * 1099511628211UL;
        foreach (var letter in proxy.Name)
            hash = (hash ^ letter) * 1099511628211UL;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdUL;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53UL;
        return proxy.Weight / -Math.Log(((hash >> 11) + 0.5) / (1UL << 53));
    }

    private static int Compare(long value, long othersValue, PoolProxy one, PoolProxy other) =>
        ((Int128)value * other.Entry.Weight).CompareTo((Int128)othersValue * one.Entry.Weight);
}
