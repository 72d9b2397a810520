using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.Proxies;

/// <summary>
/// The proxies of a pool in the order in which its strategy likes them, those that are out of use behind all others, as a tournament: whoever wins
/// against its neighbour meets the next. A change costs as many comparisons as the number of proxies has binary digits; a walk through thousands for
/// each grant would cost a millisecond. Owned by the lock of its dispatcher.
/// </summary>
internal sealed class ProxyRanking
{
    /// <summary>What counts less as time goes on is looked at anew so often; and whether an API needs an order of its own.</summary>
    public const long Holds = Clock.Second;

    /// <summary>How far the order is told: where none of these can be taken, a walk through all is as good.</summary>
    public const int MostTold = 16;

    private readonly ProxyChoice _choice;
    private readonly ProxyOutlets? _ways;
    private readonly PoolProxy[] _proxies;
    private readonly long _now;

    /// <summary>The winners, from the final at 1 down; the proxies themselves are the last. -1 for nobody.</summary>
    private readonly int[] _winners;
    private readonly bool[] _isOut;
    private readonly Dictionary<PoolProxy, int> _places = [];

    /// <summary>Those that sit out, and until when.</summary>
    private readonly PriorityQueue<PoolProxy, long> _resting = new();

    /// <summary>Those who have lost to nobody but to those that were told.</summary>
    private readonly List<int> _open = [];
    private int _told;

    /// <param name="choice">The strategy.</param>
    /// <param name="proxies">The proxies; of two alike the first is better.</param>
    /// <param name="now">The time.</param>
    /// <param name="ways">Those to one API, whose own troubles with proxies put these behind all others too; null for all APIs.</param>
    public ProxyRanking(ProxyChoice choice, PoolProxy[] proxies, long now, ProxyOutlets? ways = null)
    {
        var half = 1;
        while (half < proxies.Length)
            half *= 2;
        (_choice, _ways, _proxies, _now, _winners, _isOut) = (choice, ways, proxies, now, new int[2 * half], new bool[proxies.Length]);
        Array.Fill(_winners, -1);
        for (var index = 0; index < proxies.Length; index++)
        {
            (_winners[half + index], _places[proxies[index]]) = (index, index);
            Judge(proxies[index], index, now);
        }
        for (var node = half - 1; node > 0; node--)
            _winners[node] = Better(_winners[2 * node], _winners[2 * node + 1]);
    }

    /// <summary>Whether it is that of a strategy, and holds yet.</summary>
    public bool IsOf(ProxyChoice choice, long now) => choice == _choice && ((choice != ProxyChoice.Fastest && _ways is null) || now - _now < Holds);

    /// <summary>One has more or less to do than before.</summary>
    public void Changed(PoolProxy proxy)
    {
        if (_places.TryGetValue(proxy, out var place))
            PlayAgain(place);
    }

    /// <summary>One was at fault, or is used again.</summary>
    public void Judged(PoolProxy proxy, long now)
    {
        if (!_places.TryGetValue(proxy, out var place))
            return;
        Judge(proxy, place, now);
        PlayAgain(place);
    }

    /// <summary>The next that is told is the best.</summary>
    public void Begin(long now)
    {
        while (_resting.TryPeek(out var proxy, out var until) && until <= now)
        {
            _resting.Dequeue();
            Judged(proxy, now);
        }
        _open.Clear();
        _open.Add(1);
        _told = 0;
    }

    /// <summary>The best of those that were not told yet; null where enough were told, or all that are in use.</summary>
    public PoolProxy? Next()
    {
        if (_told++ == MostTold)
            return null;
        var (best, place) = (-1, -1);
        for (var index = 0; index < _open.Count; index++)
            if (_winners[_open[index]] is >= 0 and var winner && (best < 0 || IsBefore(winner, best)))
                (best, place) = (winner, index);
        if (best < 0 || _isOut[best])
            return null;
        // Whoever lost to it on its way is the best of the others.
        var node = _open[place];
        _open[place] = _open[^1];
        _open.RemoveAt(_open.Count - 1);
        for (var leaf = (_winners.Length / 2) + best; leaf > node; leaf /= 2)
            _open.Add(leaf ^ 1);
        return _proxies[best];
    }

    private void PlayAgain(int place)
    {
        for (var node = ((_winners.Length / 2) + place) / 2; node > 0; node /= 2)
            _winners[node] = Better(_winners[2 * node], _winners[2 * node + 1]);
    }

    private void Judge(PoolProxy proxy, int place, long now)
    {
        var way = _ways?.Of(proxy);
        var isDead = _ways is null ? proxy.IsDead : way is null or { IsDead: true };
        var until = Math.Max(proxy.Health.RestsUntil, way?.Reach.RestsUntil ?? long.MinValue);
        _isOut[place] = isDead || proxy.PausedBy is not null || until > now;
        if (!isDead && until > now)
            _resting.Enqueue(proxy, until);
    }

    private int Better(int one, int other) => other < 0 || (one >= 0 && !IsBefore(other, one)) ? one : other;

    private bool IsBefore(int one, int other)
    {
        if (_isOut[one] != _isOut[other])
            return _isOut[other];
        var order = ProxyOrder.Compare(_choice, _proxies[one], _proxies[other], _now);
        return order < 0 || (order == 0 && one < other);
    }
}
