using System.Collections;

namespace Headgate.Jobs;

/// <summary>
/// Names with values, in order; a name may have several values. Holds the headers or the query parameters of a request, or the
/// headers of an answer. Header names are compared without regard to case, parameter names exactly.
/// </summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class JobFields : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _pairs = []; // equal names stand together
    private readonly StringComparison _comparison;
    private readonly bool _checked; // a request's headers are checked, so that no object holds what may not be sent
    private int _size; // characters of all names and values

    private JobFields(StringComparison comparison, bool isChecked) => (_comparison, _checked) = (comparison, isChecked);

    /// <summary>How many pairs there are.</summary>
    public int Count => _pairs.Count;

    /// <summary>The value of a name; its first one when it has several, null when it has none. Setting replaces all of them; null removes them.</summary>
    /// <param name="name">The name of the header or parameter.</param>
    /// <exception cref="ArgumentException">When set: as <see cref="Add(string, string)"/>.</exception>
    public string? this[string name]
    {
        get => LastIndexOf(name) < 0 ? null : _pairs.Find(pair => pair.Key.Equals(name, _comparison)).Value;
        set
        {
            foreach (var (_, old) in _pairs.Where(pair => pair.Key.Equals(name, _comparison)))
                _size -= name.Length + old.Length;
            _pairs.RemoveAll(pair => pair.Key.Equals(name, _comparison));
            if (value is not null)
                Add(name, value);
        }
    }

    /// <summary>Adds a value; a name that is there already gets one more.</summary>
    /// <param name="name">For a header a token of RFC 9110.</param>
    /// <param name="value">For a header without line breaks or other control characters.</param>
    /// <exception cref="ArgumentException">The header may not be sent like that; the message says why.</exception>
    public void Add(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        if (_checked)
        {
            HeaderRules.CheckName(name);
            HeaderRules.CheckValue(name, value);
            HeaderRules.CheckSize(_size += name.Length + value.Length);
        }
        var last = LastIndexOf(name);
        _pairs.Insert(last < 0 ? _pairs.Count : last + 1, new(name, value));
    }

    /// <summary>Whether the name has a value.</summary>
    /// <param name="name">The name of the header or parameter.</param>
    public bool Contains(string name) => LastIndexOf(name) >= 0;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _pairs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static JobFields Headers() => new(StringComparison.OrdinalIgnoreCase, isChecked: true);

    internal static JobFields Params() => new(StringComparison.Ordinal, isChecked: false);

    /// <summary>Headers as a server sent them: not checked, since they are not ours to refuse.</summary>
    internal static JobFields Received() => new(StringComparison.OrdinalIgnoreCase, isChecked: false);

    /// <summary>The headers of an answer as they came, those of its body behind them.</summary>
    internal static JobFields Of(HttpResponseMessage answer)
    {
        var fields = Received();
        foreach (var (name, values) in answer.Headers.NonValidated)
            foreach (var value in values)
                fields.Append(name, value);
        foreach (var (name, values) in answer.Content.Headers.NonValidated)
            foreach (var value in values)
                fields.Append(name, value);
        return fields;
    }

    internal KeyValuePair<string, string> At(int index) => _pairs[index];

    /// <summary>Adds at the end without looking for the name: the caller knows that equal names come together.</summary>
    internal void Append(string name, string value) => _pairs.Add(new(name, value));

    internal bool SameName(int a, int b) => _pairs[a].Key.Equals(_pairs[b].Key, _comparison);

    private int LastIndexOf(string name) => _pairs.FindLastIndex(pair => pair.Key.Equals(name, _comparison));
}
