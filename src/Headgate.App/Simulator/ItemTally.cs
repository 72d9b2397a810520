namespace Headgate.App.Simulator;

/// <summary>How often each item arrived and was answered with success. Up to five million items are told apart.</summary>
internal sealed class ItemTally
{
    private const int Most = 5_000_000;
    private const int Listed = 100;

    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _names = [""];
    private readonly List<int> _successes = [0];
    private readonly List<string> _doubled = [];
    private int _doubledCount;
    private int _succeeded;

    public bool IsFull => _names.Count > Most;

    public string? this[int number] => number == 0 ? null : _names[number];

    /// <summary>Counts an arrival; the item's number is returned, 0 for none.</summary>
    public int Add(string? item, bool success)
    {
        if (item is null)
            return 0;
        if (!_numbers.TryGetValue(item, out var number))
        {
            if (IsFull)
                return 0;
            number = _numbers[item] = _names.Count;
            _names.Add(item);
            _successes.Add(0);
        }
        if (success)
            CountSuccess(number);
        return number;
    }

    public ItemReport Report() => new(
        _numbers.Count,
        _succeeded,
        _numbers.Count - _succeeded,
        _doubledCount,
        [.. _doubled],
        [.. _successes.Index().Skip(1).Where(entry => entry.Item == 0).Take(Listed).Select(entry => _names[entry.Index])],
        IsFull);

    private void CountSuccess(int number)
    {
        var successes = ++_successes[number];
        if (successes == 1)
            _succeeded++;
        if (successes != 2)
            return;
        _doubledCount++;
        if (_doubled.Count < Listed)
            _doubled.Add(_names[number]);
    }
}
