namespace Headgate.App.Simulator;

/// <summary>Numbers for names, so that records of arrivals stay small. Keeps up to a million; all further ones share number 0, <c>(other)</c>.</summary>
internal sealed class NameTable
{
    private const int Most = 1_000_000;

    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _names = ["(other)"];

    public string this[int number] => _names[number];

    public int NumberOf(string name)
    {
        if (_numbers.TryGetValue(name, out var number))
            return number;
        if (_names.Count > Most)
            return 0;
        _names.Add(name);
        return _numbers[name] = _names.Count - 1;
    }
}
