using System.Diagnostics;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Keys;

/// <summary>The value of a key under its name. Only the name is ever shown; the value has to be asked for.</summary>
[DebuggerDisplay("{Name,nq}")]
internal sealed class KeySecret
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string _value;

    /// <exception cref="ArgumentException">The value cannot be sent; the message does not show it.</exception>
    public KeySecret(string name, string value)
    {
        if (FindFault(value) is { } fault)
            throw new ArgumentException($"the value of key \"{name}\" {fault}", nameof(value));
        (Name, _value) = (name, value);
    }

    public string Name { get; }

    /// <summary>The secret itself: for the one place that writes it into a request, and for fingerprints.</summary>
    public string Reveal() => _value;

    /// <summary>What keeps a value from being sent in a header, in words that follow "the value"; null when nothing does.</summary>
    public static string? FindFault(string value)
    {
        if (value.Length == 0)
            return "is empty";
        if (value[0] == ' ' || value[^1] == ' ')
            return "begins or ends with a space";
        var at = value.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        return at < 0 ? null : $"has a character at position {at + 1} that is not printable ASCII; check that nothing but the key was copied";
    }

    public override string ToString() => Name;
}

/// <summary>A key as its source gives it.</summary>
/// <param name="Secret">Its name and value.</param>
/// <param name="Limits">Its own limits; null when those of all keys hold for it.</param>
/// <param name="Weight">Its part of the work against the others; 1 to 1,000.</param>
internal sealed record KeyEntry(KeySecret Secret, ValueList<Limit>? Limits = null, int Weight = 1);
