using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.Proxies;

/// <summary>An API as far as its proxies know of it.</summary>
internal interface IProxyUser
{
    /// <summary>The name of the API.</summary>
    string Name { get; }

    /// <summary>Where its requests wait.</summary>
    IEnumerable<Gate> Gates { get; }

    /// <summary>The exit that a proxy has at the API, made when it is not known; then what was sent through it before counts.</summary>
    /// <param name="entry">The proxy.</param>
    /// <param name="limits">The limits of those that say nothing.</param>
    /// <exception cref="Ledgers.ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="Ledgers.LedgerException">What was sent before cannot be read.</exception>
    ProxyExit ExitOf(ProxyEntry entry, ValueList<Limit> limits);

    /// <summary>The pool has other proxies, which are used already: what belongs to those that went goes too, and exits that stay may have other limits.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="entries">Its proxies.</param>
    /// <param name="ways">Those of them that lead to the API.</param>
    void Follow(ProxyPool pool, IReadOnlyList<ProxyEntry> entries, IReadOnlyList<ProxyOutlet> ways);
}
