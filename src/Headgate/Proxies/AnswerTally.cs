namespace Headgate.Proxies;

/// <summary>How many of the last few dozen answers came to their ends, and how many broke off. Owned by the lock of its dispatcher.</summary>
internal sealed class AnswerTally
{
    /// <summary>With so many all count half: 1 % that break off shows, and what was an hour ago does not.</summary>
    private const double Most = 64;

    public double Whole { get; private set; }

    public double Broken { get; private set; }

    /// <summary>Whether there was any.</summary>
    public bool IsKnown => Whole + Broken > 0;

    /// <summary>The part that broke off; 0 where there was none.</summary>
    public double Share => ShareOf(Whole, Broken);

    public static double ShareOf(double whole, double broken) => broken == 0 ? 0 : broken / (whole + broken);

    /// <summary>One more.</summary>
    public void Add(bool isWhole)
    {
        if (Whole + Broken >= Most)
            (Whole, Broken) = (Whole / 2, Broken / 2);
        if (isWhole)
            Whole++;
        else
            Broken++;
    }
}
